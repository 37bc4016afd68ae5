/** Looking back: the span, the past that was read for it, and the player over it. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { api, ask } from "../../api/client";
import { eventNow } from "../../api/clock";
import type { Past } from "../../api/types";
import { LIVE, type Move, moved, type Player, type Span } from "./player";
import { changesOf } from "./scene";

const HOUR_MS = 3_600_000;
const TICK_MS = 200;

export interface Replay {
  span: Span;
  hours: number;
  player: Player;
  past: Past | null;
  changes: readonly number[];
  reading: boolean;
  error: unknown;
  again: () => void;
  move: (move: Move) => void;
  look: (hours: number) => void;
}

/** @param now event time, Unix ms; the span ends there while live, and stays where it was while one looks back. */
export function useReplay(now: number | null): Replay {
  const [player, setPlayer] = useState(LIVE);
  const [hours, setHours] = useState(4);
  const [end, setEnd] = useState<number | null>(null);
  const back = player.at !== null;
  const to = (back ? end : null) ?? now ?? 0;
  const span = useMemo(() => ({ from: to - hours * HOUR_MS, to }), [to, hours]);
  const query = useQuery({
    queryKey: ["past", span.from, span.to],
    enabled: back,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 5 * 60_000,
    queryFn: async () => {
      const asked = { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() };
      return (await ask(api.GET("/api/v1/past", { params: { query: asked } }))) as Past;
    },
  });
  const past = back ? (query.data ?? null) : null;
  const changes = useMemo(() => (past ? changesOf(past) : []), [past]);

  const move = useCallback(
    (made: Move) => {
      const present = eventNow();
      if (present === null) return; // the page has just come: there is no past to look into yet
      const last = end ?? present;
      if (player.at === null && made.do !== "live" && made.do !== "speed") setEnd(present);
      if (made.do === "live") setEnd(null);
      setPlayer((before) => {
        const upto = before.at === null ? present : last;
        return moved(before, made, { from: upto - hours * HOUR_MS, to: upto });
      });
    },
    [end, hours, player.at],
  );
  const look = useCallback((chosen: number) => setHours(chosen), []);

  useEffect(() => {
    if (!player.playing || !past) return undefined;
    const timer = setInterval(() => setPlayer((before) => moved(before, { do: "pass", ms: TICK_MS }, span)), TICK_MS);
    return () => clearInterval(timer);
  }, [player.playing, past, span]);

  return {
    span,
    hours,
    player,
    past,
    changes,
    reading: back && query.isFetching,
    error: back ? query.error : null,
    again: () => void query.refetch(),
    move,
    look,
  };
}
