/** Sources as the server read them, kept current by the stream. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { health, link, pulse } from "../../api/live";
import type { SourceHealth } from "../../api/types";
import { freshened, watched } from "./shown";

const REFRESH_MS = 10_000;

interface Read {
  /** Undefined until they have been read. */
  sources: SourceHealth[] | undefined;
  /** What isn't a source of the site but tells of its health, such as notifications. */
  own: SourceHealth[];
  error: unknown;
  again: () => void;
}

export function useSources(): Read {
  const told = useCell(health);
  const beat = useCell(pulse);
  const state = useCell(link);
  const { data, error, refetch } = useQuery({
    queryKey: ["health"],
    queryFn: () => ask(api.GET("/api/v1/health")),
    refetchInterval: REFRESH_MS,
  });
  const isWatched = watched(beat, state);
  const all = useMemo(
    () => data && freshened(data.sources as SourceHealth[], told, isWatched),
    [data, told, isWatched],
  );
  return {
    sources: all?.filter((one) => one.kind !== null),
    own: all?.filter((one) => one.kind === null) ?? [],
    error,
    again: () => void refetch(),
  };
}
