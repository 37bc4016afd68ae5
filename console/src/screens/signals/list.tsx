/** The list of signals: found by name, asset, kind and how they stand; each with its last hour. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { useEventNow } from "../../api/clock";
import { may } from "../../api/session";
import type { HealthState, Signal } from "../../api/types";
import { HOUR, type Span, Sparkline } from "../../ui/charts";
import { type Columns, columnsOf } from "../../ui/charts/columns";
import { digitsOf, readHistory } from "../../ui/charts/data";
import { HealthMark, SeverityMark } from "../../ui/marks";
import { ScreenHead } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { Age } from "../../ui/time";
import { written } from "../../ui/unit";
import { pathOf, useQueryString } from "./address";
import styles from "./signals.module.css";

const PAGE = 500;
const BATCH = 20;
const SPARK_PX = 100;
const SPARK_MS = 20_000;
const STATES: readonly HealthState[] = ["live", "delayed", "frozen", "stopped", "down", "unknown"];
const KINDS = ["level", "flow", "pressure", "temperature", "state", "switch", "setpoint", "position", "power"] as const;

export function SignalList() {
  const t = useTranslations("signals");
  const health = useTranslations("ui.health");
  const [query, change] = useQueryString();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [text, setText] = useState(query.get("q") ?? "");
  const q = useDeferredValue(text);
  const set = (name: string, value: string) => change((now) => (value ? now.set(name, value) : now.delete(name)));
  const filters = {
    ...(q ? { q } : {}),
    ...(query.get("kind") ? { kind: query.get("kind") as string } : {}),
    ...(query.get("asset") ? { asset: query.get("asset") as string } : {}),
    ...(query.get("state") ? { state: [query.get("state") as HealthState] } : {}),
    ...(query.get("anomalous") ? { anomalous: true } : {}),
  };
  const list = useInfiniteQuery({
    queryKey: ["signals", filters],
    queryFn: ({ pageParam }) => {
      const asked = { ...filters, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      return ask(api.GET("/api/v1/signals", { params: { query: asked } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: 5_000,
  });
  const signals = (list.data?.pages.flatMap((page) => page.items) ?? []) as Signal[];
  const total = list.data?.pages[0]?.total ?? 0;
  const choose = (id: string, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <div className={styles["screen"]}>
      <ScreenHead title={t("title")}>
        {chosen.size > 0 && (
          <Link href={`/signals/compare?${new URLSearchParams([...chosen].map((id) => ["s", id]))}`}>
            {t("compareChosen", { n: chosen.size })}
          </Link>
        )}
      </ScreenHead>
      <search className={styles["filters"]}>
        <input
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            set("q", event.target.value);
          }}
        />
        <select
          aria-label={t("kind")}
          value={query.get("kind") ?? ""}
          onChange={(event) => set("kind", event.target.value)}
        >
          <option value="">{t("everyKind")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kinds.${kind}`)}
            </option>
          ))}
        </select>
        <select
          aria-label={t("health")}
          value={query.get("state") ?? ""}
          onChange={(event) => set("state", event.target.value)}
        >
          <option value="">{t("everyHealth")}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {health(state)}
            </option>
          ))}
        </select>
        <label className={styles["check"]}>
          <input
            type="checkbox"
            checked={Boolean(query.get("anomalous"))}
            onChange={(event) => set("anomalous", event.target.checked ? "1" : "")}
          />
          {t("anomalousOnly")}
        </label>
        {query.get("asset") && (
          <button type="button" className={styles["chip"]} onClick={() => set("asset", "")}>
            {t("ofAsset", { asset: query.get("asset") ?? "" })} ✕
          </button>
        )}
        <span role="status">{list.data && t("count", { n: total })}</span>
      </search>
      {list.error ? (
        <Failed error={list.error} again={() => void list.refetch()} />
      ) : !list.data ? (
        <Loading />
      ) : signals.length === 0 ? (
        <Empty>{t(Object.keys(filters).length ? "noneFits" : "none")}</Empty>
      ) : (
        <Rows
          signals={signals}
          chosen={chosen}
          choose={choose}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
        />
      )}
    </div>
  );
}

interface RowsProps {
  signals: readonly Signal[];
  chosen: ReadonlySet<string>;
  choose: (id: string, on: boolean) => void;
  more: (() => void) | undefined;
}

function Rows({ signals, chosen, choose, more }: RowsProps) {
  const t = useTranslations("signals");
  const host = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: signals.length,
    getScrollElement: () => host.current,
    estimateSize: () => 44,
    overscan: 10,
    measureElement: (element) => element.getBoundingClientRect().height,
  });
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? -1;
  const near = last >= signals.length - 40;
  useEffect(() => {
    if (near) more?.();
  }, [near, more]);
  const sparks = useSparks(signals, first, last);
  return (
    <div ref={host} className={styles["list"]}>
      <table aria-label={t("title")} aria-rowcount={signals.length + 1} className={styles["table"]}>
        <thead>
          <tr className={styles["head"]} aria-rowindex={1}>
            <th scope="col">
              <span className="sr-only">{t("compare")}</span>
            </th>
            <th scope="col">{t("signal")}</th>
            <th scope="col">{t("asset")}</th>
            <th scope="col" className={styles["number"]}>
              {t("value")}
            </th>
            <th scope="col">{t("age")}</th>
            <th scope="col">{t("health")}</th>
            <th scope="col">{t("anomalous")}</th>
            <th scope="col">{t("lastHour")}</th>
          </tr>
        </thead>
        <tbody style={{ height: rows.getTotalSize(), position: "relative" }}>
          {shown.map(({ index, start, key }) => {
            const signal = signals[index] as Signal;
            return (
              <tr
                key={key}
                ref={rows.measureElement}
                data-index={index}
                aria-rowindex={index + 2}
                className={styles["row"]}
                style={{ transform: `translateY(${start}px)` }}
              >
                <td>
                  <input
                    type="checkbox"
                    aria-label={t("choose", { signal: signal.id })}
                    checked={chosen.has(signal.id)}
                    onChange={(event) => choose(signal.id, event.target.checked)}
                  />
                </td>
                <td className={styles["name"]}>
                  <Link href={pathOf(signal.id)}>{signal.id}</Link> <small>{signal.name}</small>
                </td>
                <td>
                  <Link href={`/site/assets/${encodeURIComponent(signal.asset)}`}>{signal.asset}</Link>
                </td>
                <td className={styles["number"]}>
                  <Value signal={signal} />
                </td>
                <td>
                  <Age at={signal.health.last_good ?? null} />
                </td>
                <td>
                  <HealthMark state={signal.health.state} />
                </td>
                <td>
                  {signal.worst && may("see.alarms") && (
                    <>
                      <SeverityMark severity={signal.worst} text={false} /> {signal.standing}
                    </>
                  )}
                </td>
                <td className={styles["spark"]}>
                  <Sparkline
                    columns={sparks.columns.get(signal.id)}
                    span={sparks.span}
                    label={t("sparkOf", { signal: signal.id })}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** The newest value with its unit; what is not current says so. */
export function Value({ signal }: { signal: Signal }) {
  const t = useTranslations("signals");
  const format = useFormatter();
  const { value } = signal;
  if (value === null || value === undefined) return <span>–</span>;
  const digits = digitsOf(signal);
  const text = format.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const stale = signal.health.state !== "live";
  return (
    <span className={stale ? styles["stale"] : undefined} title={stale ? t("stale") : undefined}>
      {text} <small>{written(signal.unit)}</small>
      {stale && <span className="sr-only">{t("stale")}</span>}
    </span>
  );
}

/** The last hour of the rows in sight, asked for by fixed batches, so that scrolling back asks for nothing anew. */
function useSparks(signals: readonly Signal[], first: number, last: number) {
  const now = useEventNow(1000);
  // At once when the time is known, then anew at the pace of whoever looks: event time may run a hundred times as fast.
  const held = useRef({ to: 0, steady: 0 });
  const steady = performance.now();
  if (now !== null && (held.current.to === 0 || steady - held.current.steady > SPARK_MS)) {
    held.current = { to: Math.round(now), steady };
  }
  const { to } = held.current;
  const span: Span = { from: to - HOUR, to };
  const begin = Math.max(0, Math.floor(first / BATCH) * BATCH);
  const ids = signals
    .slice(begin, Math.min(signals.length, Math.ceil((last + 1) / BATCH) * BATCH))
    .map((one) => one.id);
  const asked = ids.slice(0, 50);
  const told = useQuery({
    queryKey: ["sparks", asked, to],
    queryFn: ({ signal }) => readHistory(asked, span, SPARK_PX, signal),
    enabled: asked.length > 0 && to > 0,
    placeholderData: (before) => before,
    gcTime: 60_000,
  });
  const columns = new Map<string, Columns>(told.data?.series.map((one) => [one.signal, columnsOf(one)]) ?? []);
  return { columns, span: told.data ? { from: Date.parse(told.data.begin), to: Date.parse(told.data.end) } : span };
}
