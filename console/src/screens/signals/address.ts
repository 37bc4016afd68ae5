/** What a screen of signals shows, kept in the address, so that it can be sent to somebody. */
import { useCallback, useMemo } from "react";
import { useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";
import { type View, viewOf, withView } from "../../ui/charts";

/** Where a signal's page is. */
export const pathOf = (signal: string): string => `/signals/${encodeURIComponent(signal)}`;

/** Query of the address, and how to change it in its place: going back leaves the screen. */
export function useQueryString(): [URLSearchParams, (change: (query: URLSearchParams) => void) => void] {
  const search = useSearch();
  const query = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((apply: (query: URLSearchParams) => void) => {
    const next = new URLSearchParams(window.location.search);
    apply(next);
    const text = next.toString();
    navigate(`${window.location.pathname}${text ? `?${text}` : ""}`, { replace: true });
  }, []);
  return [query, change];
}

/** The view that the address says. */
export function useView(): [View, (view: View) => void] {
  const [query, change] = useQueryString();
  const key = ["from", "to", "last"].map((name) => query.get(name)).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same view is the same object until it differs
  const view = useMemo(() => viewOf(query), [key]);
  const choose = useCallback(
    (next: View) =>
      change((now) => {
        const told = withView(now, next);
        for (const name of ["from", "to", "last"]) {
          const value = told.get(name);
          if (value === null) now.delete(name);
          else now.set(name, value);
        }
      }),
    [change],
  );
  return [view, choose];
}
