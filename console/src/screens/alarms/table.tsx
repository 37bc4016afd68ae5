/** The list itself: only the rows in sight are drawn, so that ten thousand scroll as well as ten. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type RefObject, useEffect } from "react";
import { useTranslations } from "use-intl";
import { calls, waits } from "../../api/alarms";
import { useCell } from "../../api/cell";
import { incidents } from "../../api/live";
import type { Alarm } from "../../api/types";
import { AlarmStateMark, SeverityMark } from "../../ui/marks";
import { Time } from "../../ui/time";
import styles from "./alarms.module.css";
import { useNarrow } from "./narrow";
import { alarmsOf, type GroupRow, type Row } from "./rows";
import { useWho } from "./who";

interface Props {
  rows: readonly Row[];
  index: number;
  chosen: ReadonlySet<string>;
  /** The alarm whose details are shown. */
  current: string | null;
  stale: boolean;
  grid: RefObject<HTMLDivElement | null>;
  move: (to: number, extend?: boolean) => void;
  toggle: (index: number) => void;
  /** A click on a row. */
  press: (index: number, extend: boolean) => void;
  /** Open the alarm or the group. */
  enter: (index: number) => void;
}

const COLUMNS = [
  "choose",
  "priority",
  "severity",
  "state",
  "time",
  "title",
  "asset",
  "zone",
  "kind",
  "count",
  "who",
] as const;
/** Where a key leads from a row, by how many rows fit and how many there are. */
const STEPS: Readonly<Record<string, (at: number, page: number, count: number) => number>> = {
  ["ArrowDown"]: (at) => at + 1,
  ["ArrowUp"]: (at) => at - 1,
  ["PageDown"]: (at, page) => at + page,
  ["PageUp"]: (at, page) => at - page,
  ["Home"]: () => 0,
  ["End"]: (_at, _page, count) => count - 1,
};
const ROW_PX = 36;
const CARD_PX = 96;
const OVERSCAN = 6;
export function Table({ rows, index, chosen, current, stale, grid, move, toggle, press, enter }: Props) {
  const t = useTranslations("alarms");
  const height = useNarrow() ? CARD_PX : ROW_PX;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => grid.current,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollPaddingStart: ROW_PX,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the virtualiser keeps sizes until it is told
  useEffect(() => virtual.measure(), [height]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: followed when the row changes, not when the list does
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [index]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((grid.current?.clientHeight ?? 0) / height) - 1);
    const to = STEPS[event.key]?.(index, page, rows.length);
    if (to !== undefined) move(to, event.shiftKey);
    else if (event.key === " ") toggle(index);
    else if (event.key === "Enter") enter(index);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={grid}
      role="grid"
      tabIndex={0}
      aria-label={t("list")}
      aria-rowcount={rows.length + 1}
      aria-colcount={COLUMNS.length}
      aria-multiselectable
      aria-activedescendant={index >= 0 ? `row-${index}` : undefined}
      className={styles["grid"]}
      data-stale={stale}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.target === event.currentTarget && index < 0 && move(0)}
    >
      <div role="rowgroup" className={styles["headings"]}>
        <div role="row" aria-rowindex={1} className={styles["row"]}>
          {COLUMNS.map((name) => (
            <span key={name} role="columnheader" className={styles[name]}>
              {name === "choose" ? <span className="sr-only">{t("columns.choose")}</span> : t(`columns.${name}`)}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className={styles["rows"]} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index: number, start }) => {
          const row = rows[number];
          if (!row) return null;
          const mine = alarmsOf(row);
          const isChosen = chosen.size > 0 && mine.every((one) => chosen.has(one.id));
          const isCurrent = row.kind === "alarm" && row.alarm.id === current;
          const shared = { number, start, isChosen, isAt: number === index, toggle, press };
          return row.kind === "alarm" ? (
            <AlarmLine key={row.key} {...shared} alarm={row.alarm} inner={row.inner} isCurrent={isCurrent} />
          ) : (
            <GroupLine key={row.key} {...shared} row={row} />
          );
        })}
      </div>
    </div>
  );
}

interface Line {
  number: number;
  start: number;
  isChosen: boolean;
  isAt: boolean;
  toggle: (index: number) => void;
  press: (index: number, extend: boolean) => void;
}

/** What a row has in common, whatever it holds. */
function attributes({ number, start, isChosen, isAt, press }: Line) {
  return {
    id: `row-${number}`,
    role: "row",
    "aria-rowindex": number + 2,
    "aria-selected": isChosen,
    "data-at": isAt,
    className: styles["row"],
    style: { top: start }, // a transform of its own would make each row a chunk of its own to composite
    onClick: (event: { shiftKey: boolean }) => press(number, event.shiftKey),
  };
}

/** A place to press for choosing: for the mouse and the thumb; the keyboard has its keys. */
function Choose({ number, isChosen, toggle }: Pick<Line, "number" | "isChosen" | "toggle">) {
  return (
    <span
      role="gridcell"
      className={styles["choose"]}
      onClick={(event) => {
        event.stopPropagation();
        toggle(number);
      }}
      onKeyDown={undefined}
    >
      <span aria-hidden="true" className={styles["box"]}>
        {isChosen ? "✓" : ""}
      </span>
    </span>
  );
}

const AlarmLine = memo(function AlarmLine({
  alarm,
  inner,
  isCurrent,
  ...line
}: Line & { alarm: Alarm; inner: boolean; isCurrent: boolean }) {
  const t = useTranslations("alarms");
  const kind = useTranslations("ui.kind");
  const who = useWho();
  return (
    <div {...attributes(line)} data-waits={waits(alarm)} data-current={isCurrent} data-inner={inner}>
      <Choose {...line} />
      <span role="gridcell" className={styles["priority"]}>
        {t("priority", { priority: alarm.priority })}
      </span>
      <span role="gridcell" className={styles["severity"]}>
        <SeverityMark severity={alarm.severity} calling={calls(alarm)} />
      </span>
      <span role="gridcell" className={styles["state"]}>
        <AlarmStateMark state={alarm.state} pending={Boolean(alarm.pending?.length)} />
        {alarm.realarmed && <strong> · {t("again")}</strong>}
      </span>
      <span role="gridcell" className={styles["time"]}>
        <Time at={alarm.last_raised ?? alarm.raised} />
      </span>
      <span role="gridcell" className={styles["title"]} title={alarm.sentence}>
        {alarm.title}
      </span>
      <span role="gridcell" className={styles["asset"]}>
        {alarm.assets.join(", ")}
      </span>
      <span role="gridcell" className={styles["zone"]}>
        {alarm.zone}
      </span>
      <span role="gridcell" className={styles["kind"]}>
        {kind(alarm.source_kind)}
      </span>
      <span role="gridcell" className={styles["count"]}>
        {t("times", { n: alarm.count })}
      </span>
      <span role="gridcell" className={styles["who"]}>
        {alarm.assigned_to ? who(alarm.assigned_to) : ""}
      </span>
    </div>
  );
});

const GroupLine = memo(function GroupLine({ row, ...line }: Line & { row: GroupRow }) {
  const t = useTranslations("alarms");
  const known = useCell(incidents);
  const { first } = row;
  const rule = first.title.split(": ")[0] ?? first.rule;
  const name =
    (first.incident && known.get(first.incident)?.title) ||
    t("groupRow.ofRule", { rule, zone: first.zone || t("groupRow.noZone") });
  return (
    <div {...attributes(line)} aria-expanded={row.open} data-group data-waits={row.calling > 0}>
      <Choose {...line} />
      <span role="gridcell" className={styles["priority"]}>
        {t("priority", { priority: first.priority })}
      </span>
      <span role="gridcell" className={styles["severity"]}>
        <SeverityMark severity={first.severity} calling={row.calling > 0} />
      </span>
      <span role="gridcell" className={styles["state"]}>
        {row.calling > 0 && t("groupRow.calling", { n: row.calling })}
      </span>
      <span role="gridcell" className={styles["time"]}>
        <Time at={first.last_raised ?? first.raised} />
      </span>
      <span role="gridcell" className={styles["title"]}>
        <span aria-hidden="true">{row.open ? "▾" : "▸"}</span> {name}
      </span>
      <span role="gridcell" className={styles["members"]} aria-colindex={7} aria-colspan={5}>
        {t("groupRow.count", { n: row.alarms.length })}
      </span>
    </div>
  );
});
