/** What the tour knows: the attack's incident and a gauge that the process contradicts, from the live picture. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms, incidents } from "../../api/live";
import { may } from "../../api/session";
import type { Alarm, Incident } from "../../api/types";
import type { Facts } from "./steps";

const WEIGHT = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };
const GRAVE = WEIGHT.high;
const KINDS = ["level", "pressure", "flow"];

/** The gravest incident, the surest of those; null while none is grave. */
function attackOf(all: Iterable<Incident>): Incident | null {
  const grave = [...all].filter((one) => WEIGHT[one.severity] >= GRAVE);
  grave.sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity] || b.confidence - a.confidence);
  return grave[0] ?? null;
}

/** The asset about which telemetry of that incident first told. */
function contradicted(all: Iterable<Alarm>, incident: string | null): string | null {
  const told = [...all].filter((one) => one.incident === incident && one.source_kind === "telemetry");
  told.sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity] || a.raised.localeCompare(b.raised));
  return (incident && told[0]?.assets[0]) || null;
}

export function useFacts(): Facts {
  const [place] = useLocation();
  const allIncidents = useCell(incidents);
  const allAlarms = useCell(alarms);
  const incident = useMemo(() => attackOf(allIncidents.values())?.id ?? null, [allIncidents]);
  const asset = useMemo(() => contradicted(allAlarms.values(), incident), [allAlarms, incident]);
  const told = useQuery({
    queryKey: ["tour", "signal", asset],
    queryFn: () => ask(api.GET("/api/v1/assets/{asset}", { params: { path: { asset: asset ?? "" } } })),
    enabled: asset !== null && may("see.process"),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const found = KINDS.map((kind) => told?.signals.find((one) => one.kind === kind)).find(Boolean);
  return { place, incident, signal: found?.id ?? null };
}
