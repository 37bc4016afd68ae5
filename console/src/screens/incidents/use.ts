/** An incident's page, read again when something about it has changed; and what people do about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { incidents, take } from "../../api/live";
import type { Cause, Incident, Person } from "../../api/types";
import { sayFailed } from "../../ui/toast";

const markOf = (one: Incident | undefined) =>
  one && [one.revision, one.handling.changed, one.handling.new_evidence, one.superseded_by].join("/");

/** The whole page; what the stream tells of the incident has it read again. */
export function useIncident(id: string) {
  const live = useCell(incidents).get(id);
  const query = useQuery({
    queryKey: ["incident", id],
    queryFn: () => ask(api.GET("/api/v1/incidents/{incident}", { params: { path: { incident: id } } })),
  });
  const now = markOf(live);
  const read = markOf(query.data);
  const { refetch } = query;
  useEffect(() => {
    if (now && read && now !== read) void refetch();
  }, [now, read, refetch]);
  return query;
}

/** What somebody does: one member of these. */
export type Act =
  | { what: "assign"; owner: string | null }
  | { what: "notes"; text: string }
  | { what: "tasks"; text: string }
  | { what: "settle"; task: string; done: boolean }
  | { what: "close"; cause: Cause; comment: string }
  | { what: "reopen"; comment: string };

/** A key that makes an act that is sent twice one act; also where the page isn't served over TLS. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}

function send(incident: string, act: Act) {
  const params = { path: { incident }, header: { "idempotency-key": newKey() } };
  switch (act.what) {
    case "assign":
      return ask(api.POST("/api/v1/incidents/{incident}/assign", { params, body: { owner: act.owner } }));
    case "notes":
      return ask(api.POST("/api/v1/incidents/{incident}/notes", { params, body: { text: act.text } }));
    case "tasks":
      return ask(api.POST("/api/v1/incidents/{incident}/tasks", { params, body: { text: act.text } }));
    case "settle":
      return ask(
        api.POST("/api/v1/incidents/{incident}/tasks/{task}", {
          params: { ...params, path: { incident, task: act.task } },
          body: { done: act.done },
        }),
      );
    case "close":
      return ask(
        api.POST("/api/v1/incidents/{incident}/close", { params, body: { cause: act.cause, comment: act.comment } }),
      );
    case "reopen":
      return ask(api.POST("/api/v1/incidents/{incident}/reopen", { params, body: { comment: act.comment } }));
  }
}

/** Do something about an incident, one act after the other; what went wrong is said. */
export function useAct(incident: string) {
  const t = useTranslations("incidents.work");
  const queries = useQueryClient();
  return useMutation({
    scope: { id: `incident ${incident}` },
    mutationFn: (act: Act) => send(incident, act),
    onSuccess: (result) => {
      take({ incidents: [result.incident] });
      return queries.invalidateQueries({ queryKey: ["incident", incident] });
    },
    onError: (error) => sayFailed(t("failed"), error),
  });
}

/** Who can be given an incident. */
export function usePeople(): readonly Person[] {
  return (
    useQuery({ queryKey: ["people"], queryFn: () => ask(api.GET("/api/v1/people")), staleTime: 60_000 }).data?.items ??
    []
  );
}
