/** Finds a screen, command, asset, signal, alarm or incident by some of its letters, and goes there. */
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";
import { byUrgency } from "../../api/alarms";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms, incidents } from "../../api/live";
import { may } from "../../api/session";
import { Dialog } from "../../ui/dialog";
import { commands } from "./commands";
import styles from "./finder.module.css";
import { best } from "./fuzzy";

interface Found {
  id: string;
  label: string;
  /** What it is, in the language shown. */
  kind: string;
  keys?: string | undefined;
  run: () => void;
}

const SHOWN = 30;
const PAGE = 500;

/** Names of assets and signals: the first page, and of larger sites what the server finds. */
function useNames(path: "/api/v1/assets" | "/api/v1/signals", allowed: boolean, typed: string) {
  const read = (q?: string) => ask(api.GET(path, { params: { query: { limit: PAGE, ...(q ? { q } : {}) } } }));
  const first = useQuery({ queryKey: ["names", path], queryFn: () => read(), enabled: allowed, staleTime: 60_000 });
  const larger = Boolean(first.data?.next) && typed.length > 1;
  const more = useQuery({ queryKey: ["names", path, typed], queryFn: () => read(typed), enabled: larger });
  const found = more.data?.items;
  const page = first.data?.items;
  return useMemo(() => [...(larger ? (found ?? []) : []), ...(page ?? [])], [larger, found, page]);
}

export default function Finder({ close }: { close: () => void }) {
  const t = useTranslations("palette");
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [, go] = useLocation();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => queueMicrotask(() => input.current?.focus()), []); // the dialog opens after this effect
  const known = { commands: useCell(commands), alarms: useCell(alarms), incidents: useCell(incidents) };
  const assets = useNames("/api/v1/assets", may("see.site"), typed);
  const signals = useNames("/api/v1/signals", may("see.process"), typed);

  const found = useMemo(() => {
    const to = (path: string) => () => go(path);
    const all: Found[] = known.commands.map((one) => ({ ...one, kind: t("kind.command") }));
    if (typed) {
      const open = [...known.alarms.values()].filter((one) => one.state !== "closed").sort(byUrgency);
      for (const one of known.incidents.values())
        all.push({
          id: one.id,
          label: one.title,
          kind: t("kind.incident"),
          run: to(`/incidents/${encodeURIComponent(one.id)}`),
        });
      for (const one of assets)
        all.push({
          id: `asset ${one.id}`,
          label: `${one.id} ${one.name}`,
          kind: t("kind.asset"),
          run: to(`/site/assets/${encodeURIComponent(one.id)}`),
        });
      for (const one of signals)
        all.push({
          id: `signal ${one.id}`,
          label: `${one.id} ${one.name}`,
          kind: t("kind.signal"),
          run: to(`/signals/${encodeURIComponent(one.id)}`),
        });
      for (const one of open)
        all.push({
          id: one.id,
          label: one.title,
          kind: t("kind.alarm"),
          run: to(`/alarms/${encodeURIComponent(one.id)}`),
        });
    }
    return best(typed, all, (one) => one.label, SHOWN);
  }, [typed, known.commands, known.alarms, known.incidents, assets, signals, go, t]);

  const index = Math.min(at, found.length - 1);
  const run = (one: Found | undefined) => {
    if (!one) return;
    close();
    setTimeout(one.run); // after the dialog has given the focus back
  };
  const move = (to: number) => {
    setAt((to + found.length) % Math.max(1, found.length));
    list.current?.children[(to + found.length) % Math.max(1, found.length)]?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(index + 1);
    else if (event.key === "ArrowUp") move(index - 1);
    else if (event.key === "Enter") run(found[index]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t("title")} onClose={close}>
      <input
        className={styles["input"]}
        type="text"
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-label={t("hint")}
        aria-activedescendant={found[index] && `${id}-${index}`}
        placeholder={t("hint")}
        autoComplete="off"
        spellCheck={false}
        ref={input}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={id} role="listbox" aria-label={t("title")} className={styles["list"]} ref={list}>
        {found.map((one, number) => (
          <div
            key={one.id}
            id={`${id}-${number}`}
            role="option"
            aria-selected={number === index}
            onClick={() => run(one)}
            onKeyDown={undefined}
          >
            <span>{one.label}</span>
            <span className={styles["kind"]}>
              {one.keys && <kbd>{one.keys}</kbd>} {one.kind}
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={styles["none"]}>{t("none")}</p>}
    </Dialog>
  );
}
