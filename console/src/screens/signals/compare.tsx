/** Several signals, one below the other, with one cursor and one span; the address holds all of it. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { useEventNow } from "../../api/clock";
import { Button } from "../../ui/button";
import { SignalChart, spanOf } from "../../ui/charts";
import { useSignal } from "../../ui/charts/data";
import { ScreenHead } from "../../ui/panel";
import { Empty, Failed } from "../../ui/states";
import { pathOf, useQueryString, useView } from "./address";
import { Exports } from "./exports";
import { Value } from "./list";
import { Range } from "./range";
import styles from "./signals.module.css";

/** Charts on one screen at once: more can't be compared by eye, and each asks for its history. */
const MOST = 12;

export function Compare() {
  const t = useTranslations("signals");
  const [query, change] = useQueryString();
  const [view, setView] = useView();
  const now = useEventNow(1000);
  const canvases = useRef(new Map<string, HTMLCanvasElement>());
  const ids = [...new Set(query.getAll("s"))].slice(0, MOST);
  const choose = (next: readonly string[]) =>
    change((query) => {
      query.delete("s");
      for (const id of next) query.append("s", id);
    });
  const move = (id: string, by: number) => {
    const at = ids.indexOf(id);
    const next = ids.filter((one) => one !== id);
    next.splice(Math.max(0, at + by), 0, id);
    choose(next);
  };
  return (
    <div className={styles["screen"]}>
      <ScreenHead title={t("compareTitle")}>
        <Add taken={ids} add={(id) => choose([...ids, id])} full={ids.length >= MOST} />
      </ScreenHead>
      <div className={styles["bar"]}>
        <Range view={view} onView={setView} />
        <label className={styles["check"]}>
          <input
            type="checkbox"
            checked={query.get("expected") === "1"}
            onChange={(event) => {
              const { checked } = event.target;
              change((next) => (checked ? next.set("expected", "1") : next.delete("expected")));
            }}
          />
          {t("expected")}
        </label>
        {ids.length > 0 && (
          <Exports
            signals={ids}
            span={() => spanOf(view, Math.round(now ?? 0))}
            canvases={() => ids.flatMap((id) => canvases.current.get(id) ?? [])}
          />
        )}
      </div>
      {ids.length === 0 && <Empty>{t("compareNone")}</Empty>}
      {ids.map((id, index) => (
        <section key={id} className={styles["lane"]} aria-label={id}>
          <LaneHead id={id}>
            <Button
              kind="bare"
              disabled={index === 0}
              onClick={() => move(id, -1)}
              aria-label={t("up", { signal: id })}
            >
              ↑
            </Button>
            <Button
              kind="bare"
              onClick={() => choose(ids.filter((one) => one !== id))}
              aria-label={t("remove", { signal: id })}
            >
              ✕
            </Button>
          </LaneHead>
          <SignalChart
            signal={id}
            view={view}
            onView={setView}
            height={ids.length > 3 ? 150 : 200}
            expected={query.get("expected") === "1"}
            sync="compare"
            compact
            onCanvas={(canvas) => {
              if (canvas) canvases.current.set(id, canvas);
              else canvases.current.delete(id);
            }}
          />
        </section>
      ))}
    </div>
  );
}

function LaneHead({ id, children }: { id: string; children: React.ReactNode }) {
  const signal = useSignal(id);
  return (
    <header className={styles["laneHead"]}>
      <h2>
        <Link href={pathOf(id)}>{id}</Link> <small className={styles["sub"]}>{signal.data?.name}</small>
      </h2>
      {signal.data && <Value signal={signal.data} />}
      {signal.error && <Failed error={signal.error} />}
      <span>{children}</span>
    </header>
  );
}

interface AddProps {
  taken: readonly string[];
  add: (id: string) => void;
  full: boolean;
}

function Add({ taken, add, full }: AddProps) {
  const t = useTranslations("signals");
  const list = useId();
  const [text, setText] = useState("");
  const q = useDeferredValue(text);
  const found = useQuery({
    queryKey: ["signals", "add", q],
    queryFn: () => ask(api.GET("/api/v1/signals", { params: { query: { limit: 30, ...(q ? { q } : {}) } } })),
    placeholderData: (before) => before,
  });
  // What was found for other words must not be taken for these.
  const stale = q !== text || found.isPlaceholderData || !found.data?.items.length;
  const take = (id: string): boolean => {
    const known = found.data?.items.some((one) => one.id === id);
    if (!known || taken.includes(id)) return false;
    add(id);
    setText("");
    return true;
  };
  return (
    <form
      className={styles["add"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!take(text)) {
          const first = found.data?.items.find((one) => !taken.includes(one.id));
          if (first) take(first.id);
        }
      }}
    >
      <input
        list={list}
        value={text}
        disabled={full}
        aria-label={t("add")}
        placeholder={t(full ? "addFull" : "add")}
        onChange={(event) => {
          if (!take(event.target.value)) setText(event.target.value);
        }}
      />
      <datalist id={list}>
        {found.data?.items
          .filter((one) => !taken.includes(one.id))
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
      </datalist>
      <Button type="submit" disabled={full || !text || stale}>
        {t("addNow")}
      </Button>
    </form>
  );
}
