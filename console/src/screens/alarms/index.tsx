/** Alarms: a list that stays fluid in a flood, filters kept in the address, groups by cause, and all of it by keyboard. */
import { type CSSProperties, useCallback, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation, useRoute, useSearch } from "wouter";
import { type Action, byUrgency, open } from "../../api/alarms";
import { useCell } from "../../api/cell";
import { epoch, alarms as known, link } from "../../api/live";
import { may } from "../../api/session";
import type { Alarm } from "../../api/types";
import { askToAct } from "../../app/acting/acting";
import { useCommands } from "../../app/palette/commands";
import { keep, kept } from "../../app/preferences";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { ScreenHead } from "../../ui/panel";
import { Empty, Loading } from "../../ui/states";
import { sayFailed } from "../../ui/toast";
import styles from "./alarms.module.css";
import { allToggled, type Choice, indexOf, moved, NOTHING, toggled } from "./choice";
import { Detail } from "./detail";
import { exportTable } from "./export";
import { type Filter, filtered, filterOf, isNarrow, queryOf } from "./filter";
import { Filters } from "./filters";
import { useHeadHeight } from "./narrow";
import { alarmsOf, groupedRows, plainRows } from "./rows";
import { Table } from "./table";

const ACTIONS: readonly Action[] = ["acknowledge", "assign", "shelve", "unshelve"];

export default function Alarms() {
  const t = useTranslations("alarms");
  const all = useCell(known);
  const read = useCell(epoch) > 0;
  const following = useCell(link);
  const [, go] = useLocation();
  const query = useSearch();
  const [, route] = useRoute("/alarms/:id");
  const filter = useMemo(() => filterOf(new URLSearchParams(query)), [query]);
  const [grouped, setGrouped] = useState(() => kept("alarms.grouped") === "yes");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [choice, setChoice] = useState<Choice>(NOTHING);
  const head = useHeadHeight();
  const search = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);

  const sorted = useMemo(() => [...all.values()].sort(byUrgency), [all]);
  const shown = useMemo(() => filtered(sorted, filter), [sorted, filter]);
  const rows = useMemo(() => (grouped ? groupedRows(shown, opened) : plainRows(shown)), [grouped, shown, opened]);
  const index = indexOf(rows, choice);

  const at = useCallback(
    (path: string, asked = query) => go(asked ? `${path}?${asked}` : path, { replace: path === "/alarms" }),
    [go, query],
  );
  const setFilter = (next: Filter) =>
    go(`${location.pathname}?${queryOf(next, new URLSearchParams(query))}`.replace(/\?$/, ""), { replace: true });
  const move = (to: number, extend = false) => {
    setChoice(moved(rows, choice, to, extend));
    grid.current?.focus({ preventScroll: true });
  };
  const enter = useCallback(
    (number: number) => {
      const row = rows[number];
      if (row?.kind === "alarm") at(`/alarms/${encodeURIComponent(row.alarm.id)}`);
      if (row?.kind !== "group") return;
      const name = row.first.group || row.first.id;
      setOpened((before) => {
        const after = new Set(before);
        if (!after.delete(name)) after.add(name);
        return after;
      });
    },
    [rows, at],
  );
  const toggle = useCallback((number: number) => setChoice((before) => toggled(rows, before, number)), [rows]);
  const press = useCallback(
    (number: number, extend: boolean) => {
      setChoice((before) => moved(rows, before, number, extend));
      if (!extend) enter(number);
    },
    [rows, enter],
  );
  const meant = (): readonly Alarm[] => {
    const chosen = [...choice.chosen].flatMap((id) => all.get(id) ?? []);
    return chosen.length ? chosen : alarmsOf(rows[index]);
  };
  const acts = may("act.alarms");
  const ask = (action: Action) => acts && askToAct(action, meant());
  const group = () => {
    keep("alarms.grouped", grouped ? "no" : "yes");
    setGrouped(!grouped);
  };
  const save = () => exportTable(filter).catch((error: unknown) => sayFailed(t("exportFailed"), error));
  const clear = () => (route ? at("/alarms") : setChoice({ ...choice, chosen: new Set() }));

  useShortcuts([
    { keys: "j", label: t("keys.down"), run: () => move(choice.at === null ? 0 : index + 1) },
    { keys: "k", label: t("keys.up"), run: () => move(index - 1) },
    { keys: "shift+j", label: t("keys.down"), run: () => move(index + 1, true) },
    { keys: "shift+k", label: t("keys.up"), run: () => move(index - 1, true) },
    { keys: "x", label: t("keys.choose"), run: () => toggle(index) },
    { keys: "mod+a", label: t("keys.all"), run: () => setChoice(allToggled(rows, choice)) },
    { keys: "/", label: t("keys.filter"), run: () => search.current?.focus() },
    { keys: "Escape", label: t("keys.clear"), run: clear },
  ]);
  useCommands([
    ...(acts ? [{ id: "acknowledge", label: t("keys.acknowledge"), keys: "a", run: () => ask("acknowledge") }] : []),
    ...(acts ? [{ id: "assign", label: t("keys.assign"), keys: "o", run: () => ask("assign") }] : []),
    ...(acts ? [{ id: "shelve", label: t("keys.shelve"), keys: "s", run: () => ask("shelve") }] : []),
    { id: "group", label: t("keys.group"), keys: "g", run: group },
    { id: "export", label: t("keys.export"), keys: "e", run: save },
  ]);

  const alarm = route?.id ?? null;
  return (
    <div className={styles["screen"]} style={{ "--head": `${head}px` } as CSSProperties}>
      <ScreenHead title={t("title")}>
        <span aria-live="polite">{t("shown", { n: shown.length, total: all.size })}</span>
        <Button aria-pressed={grouped} onClick={group}>
          {t("group")}
        </Button>
        <Button onClick={save}>{t("export")}</Button>
        <span className={styles["hint"]}>{t("keysHint")}</span>
      </ScreenHead>
      <Filters filter={filter} set={setFilter} alarms={sorted} search={search} leave={() => grid.current?.focus()} />
      {choice.chosen.size > 0 && (
        <div className={styles["chosen"]} role="toolbar" aria-label={t("actions")}>
          <strong>{t("chosen", { n: choice.chosen.size })}</strong>
          {acts &&
            ACTIONS.map((action) => (
              <Button key={action} disabled={!open(action, meant()).length} onClick={() => ask(action)}>
                {t(`action.${action}`)}
              </Button>
            ))}
          <Button kind="bare" onClick={() => setChoice({ ...choice, chosen: new Set() })}>
            {t("none")}
          </Button>
        </div>
      )}
      <div className={styles["both"]} data-detail={alarm !== null}>
        {rows.length > 0 ? (
          <Table
            rows={rows}
            index={choice.at === null ? -1 : index}
            chosen={choice.chosen}
            current={alarm}
            stale={following === "cut"}
            grid={grid}
            move={move}
            toggle={toggle}
            press={press}
            enter={enter}
          />
        ) : !read ? (
          <Loading />
        ) : isNarrow(filter) ? (
          <Empty>
            {t("noneFits")} <Button onClick={() => setFilter(filterOf(new URLSearchParams()))}>{t("clear")}</Button>
          </Empty>
        ) : (
          <Empty>{t("quiet")}</Empty>
        )}
        {alarm !== null && <Detail id={alarm} close={() => at("/alarms")} />}
      </div>
    </div>
  );
}
