/** Reports and their clusters, read again when an alarm of theirs changes; and what people do about a report. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { onUpdate } from "../../api/live";
import type { Category } from "../../api/types";
import { say, sayFailed } from "../../ui/toast";

const REFRESH_MS = 10_000;
export const MOST = 500;

/** The newest reports; concerns about insiders instead where these are asked for. What others do shows by itself. */
export function useReports(insider: boolean) {
  useFollowed();
  return useQuery({
    queryKey: ["reports", "list", insider],
    queryFn: () => ask(api.GET("/api/v1/reports", { params: { query: { insider, limit: MOST } } })),
    refetchInterval: ({ state }) => (state.error ? false : REFRESH_MS),
  });
}

export function useClusters() {
  return useQuery({
    queryKey: ["reports", "clusters"],
    queryFn: () => ask(api.GET("/api/v1/reports/clusters")),
    refetchInterval: ({ state }) => (state.error ? false : REFRESH_MS),
  });
}

/** Alarms on reports are on the stream: what they rest on is read at once. */
function useFollowed() {
  const queries = useQueryClient();
  useEffect(
    () =>
      onUpdate((update) => {
        if (update.alarms?.some((one) => one.source_kind === "reports"))
          void queries.invalidateQueries({ queryKey: ["reports"] });
      }),
    [queries],
  );
}

/** What somebody does: one member of these. `incident` answers all whose reports it rests on. */
export type Act =
  | { what: "seen" }
  | { what: "answer"; text: string; incident: string | null }
  | { what: "verdict"; verdict: "confirmed" | "unfounded" }
  | { what: "label"; category: Category }
  | { what: "erase" };

/** Number of those who can read an answer; null for any other act. */
async function send(number: string, act: Act): Promise<number | null> {
  const params = { path: { number } };
  switch (act.what) {
    case "seen":
      await ask(api.POST("/api/v1/reports/{number}/seen", { params }));
      return null;
    case "verdict":
      await ask(api.POST("/api/v1/reports/{number}/verdict", { params, body: { verdict: act.verdict } }));
      return null;
    case "label":
      await ask(api.POST("/api/v1/reports/{number}/label", { params, body: { category: act.category } }));
      return null;
    case "erase":
      await ask(api.DELETE("/api/v1/reports/{number}/reporter", { params }));
      return null;
    case "answer": {
      const body = { text: act.text };
      const told = act.incident
        ? api.POST("/api/v1/incidents/{incident}/answer", { params: { path: { incident: act.incident } }, body })
        : api.POST("/api/v1/reports/{number}/answer", { params, body });
      return (await ask(told)).answered.length;
    }
  }
}

/** Do something about a report, one act after the other; what went wrong is said. */
export function useAct(number: string) {
  const t = useTranslations("reports.act");
  const queries = useQueryClient();
  return useMutation({
    scope: { id: `report ${number}` },
    mutationFn: (act: Act) => send(number, act),
    onSuccess: (answered, act) => {
      say(answered === null ? t(act.what === "erase" ? "erased" : "told") : t("sent", { n: answered }));
      return queries.invalidateQueries({ queryKey: ["reports"] });
    },
    onError: (error) => sayFailed(t("failed"), error),
  });
}
