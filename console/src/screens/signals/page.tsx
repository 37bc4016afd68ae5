/** One signal: its chart, what was expected of it, where it was anomalous, how it stands. */

import { useRef } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { useEventNow } from "../../api/clock";
import { asProblem } from "../../api/problem";
import { may } from "../../api/session";
import type { Signal } from "../../api/types";
import { follows, limitsOf, SignalChart, spanOf } from "../../ui/charts";
import { digitsOf, useExpected, useSignal } from "../../ui/charts/data";
import { HealthMark } from "../../ui/marks";
import { Fact, Facts, Panel, ScreenHead } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { Age, Time, useDuration } from "../../ui/time";
import { written } from "../../ui/unit";
import { useQueryString, useView } from "./address";
import { Exports } from "./exports";
import { Value } from "./list";
import { Range } from "./range";
import styles from "./signals.module.css";
import { SpanList } from "./span-list";

export function SignalPage({ id }: { id: string }) {
  const t = useTranslations("signals");
  const read = useSignal(id);
  const [view, setView] = useView();
  const [query, change] = useQueryString();
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const now = useEventNow(1000);
  const expected = query.get("expected") === "1";
  const rule = query.get("rule") ?? undefined;
  const set = (name: string, value: string) => change((next) => (value ? next.set(name, value) : next.delete(name)));
  const signal = read.data;
  if (!signal) {
    return read.error ? (
      <>
        <Failed error={read.error} again={() => void read.refetch()} />
        {asProblem(read.error).status === 404 && <Link href="/signals">{t("toList")}</Link>}
      </>
    ) : (
      <Loading />
    );
  }
  return (
    <div className={styles["screen"]}>
      <ScreenHead
        title={
          <>
            {signal.id} <small className={styles["sub"]}>{signal.name}</small>
          </>
        }
      >
        <strong className={styles["now"]}>
          <Value signal={signal} />
        </strong>
        <HealthMark state={signal.health.state} />
        <Age at={signal.health.last_good ?? null} />
      </ScreenHead>
      <div className={styles["bar"]}>
        <Range view={view} onView={setView} />
        <label className={styles["check"]}>
          <input
            type="checkbox"
            checked={expected}
            onChange={(event) => set("expected", event.target.checked ? "1" : "")}
          />
          {t("expected")}
        </label>
        {expected && <Rules id={id} view={view} rule={rule} choose={(next) => set("rule", next)} />}
        <Link href={`/signals/compare?${compareQuery(id, query)}`}>{t("compare")}</Link>
      </div>
      <SignalChart
        signal={id}
        view={view}
        onView={setView}
        height={360}
        expected={expected}
        rule={rule}
        onCanvas={(made) => {
          canvas.current = made;
        }}
      />
      <Exports
        signals={[id]}
        span={() => spanOf(view, Math.round(now ?? 0))}
        canvases={() => (canvas.current ? [canvas.current] : [])}
      />
      <div className={styles["columns"]}>
        {may("see.alarms") && (
          <Panel title={t("spans")} flush>
            <SpanList signal={signal} view={view} onView={setView} />
          </Panel>
        )}
        <Panel title={t("about")}>
          <About signal={signal} />
        </Panel>
      </div>
      {follows(view) && now === null && <Empty>{t("noClock")}</Empty>}
    </div>
  );
}

function compareQuery(id: string, query: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams([["s", id]]);
  for (const name of ["from", "to", "last"]) {
    const value = query.get(name);
    if (value) next.set(name, value);
  }
  return next;
}

interface RulesProps {
  id: string;
  view: Parameters<typeof useExpected>[1];
  rule: string | undefined;
  choose: (rule: string) => void;
}

/** Which detector's expectation is drawn, where several expect the signal. */
function Rules({ id, view, rule, choose }: RulesProps) {
  const t = useTranslations("signals");
  const told = useExpected(id, view, 50, true).data?.predictions ?? [];
  if (told.length < 2) return null;
  return (
    <select aria-label={t("expectedBy")} value={rule ?? ""} onChange={(event) => choose(event.target.value)}>
      <option value="">{t("firstRule")}</option>
      {told.map((one) => (
        <option key={`${one.detector}/${one.rule}`} value={`${one.detector}/${one.rule}`}>
          {one.title}
        </option>
      ))}
    </select>
  );
}

function About({ signal }: { signal: Signal }) {
  const t = useTranslations("signals");
  const duration = useDuration();
  const format = useFormatter();
  const digits = digitsOf(signal);
  const exact = (value: number) =>
    format.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const { health } = signal;
  return (
    <Facts>
      <Fact term={t("asset")}>
        <Link href={`/site/assets/${encodeURIComponent(signal.asset)}`}>{signal.asset}</Link>
      </Fact>
      <Fact term={t("source")}>
        {signal.source ? (
          <Link href={`/health/sources/${encodeURIComponent(signal.source)}`}>{signal.source}</Link>
        ) : (
          t("noSource")
        )}
      </Fact>
      <Fact term={t("health")}>
        <HealthMark state={health.state} /> {health.detail}
      </Fact>
      <Fact term={t("cadence")}>
        {health.cadence_s > 0 ? duration(health.cadence_s * 1000) : t("unknownCadence")}
        {health.lag_s > 0 && `, ${t("lag", { lag: duration(health.lag_s * 1000) })}`}
      </Fact>
      <Fact term={t("lastGood")}>
        <Time at={health.last_good ?? null} zone />
      </Fact>
      <Fact term={t("limits")}>
        {limitsOf(signal)
          .map((limit) => `${limit.name} ${exact(limit.value)} ${written(signal.unit)}`)
          .join(" · ") || t("noLimits")}
      </Fact>
      <Fact term={t("rangeOf")}>
        {signal.range ? `${exact(signal.range[0])} – ${exact(signal.range[1])} ${written(signal.unit)}` : "–"}
      </Fact>
      <Fact term={t("resolution")}>
        {signal.resolution ? `${exact(signal.resolution)} ${written(signal.unit)}` : "–"}
      </Fact>
    </Facts>
  );
}
