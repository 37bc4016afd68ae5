/** Addresses of screens that others point to. */
import type { components } from "../api/schema";

type Span = components["schemas"]["Span"];

const part = encodeURIComponent;

export const incidentPath = (id: string) => `/incidents/${part(id)}`;
export const evidencePath = (id: string) => `/evidence/${part(id)}`;
export const reportPath = (number: string) => `/reports/${part(number)}`;
export const assetPath = (id: string) => `/site/assets/${part(id)}`;
/** A signal's chart, over a span where one is given. */
export const signalPath = (span: Pick<Span, "signal"> & Partial<Span>) => {
  const asked = new URLSearchParams();
  if (span.begin) asked.set("from", span.begin);
  if (span.end) asked.set("to", span.end);
  const query = asked.toString();
  return `/signals/${part(span.signal)}${query && `?${query}`}`;
};
