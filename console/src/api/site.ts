/** The site in force, read once and again when it was put in force anew. */
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "./client";
import type { Site } from "./types";

/** The site; undefined until it has been read. */
export function useSite(): Site | undefined {
  return useQuery({ queryKey: ["site"], queryFn: () => ask(api.GET("/api/v1/site")), staleTime: 60_000 }).data;
}
