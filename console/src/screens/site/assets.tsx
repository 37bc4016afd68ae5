/** All assets as a tree by zone or type, searched and drawn as far as it is seen. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation, useSearchParams } from "wouter";
import { api, ask } from "../../api/client";
import { useSite } from "../../api/site";
import type { Asset } from "../../api/types";
import { Field } from "../../ui/field";
import { HealthMark, SeverityMark } from "../../ui/marks";
import { Empty, Failed, Loading } from "../../ui/states";
import { useWord } from "../../ui/word";
import { type Open, useOpenByAsset } from "./open";
import styles from "./site.module.css";
import { type Grouping, type Row, rowsOf, stepped } from "./tree";

const ROW_PX = 36;
const NOW_AND_THEN_MS = 20_000;

/** Every asset, page by page, in order of ids. */
export function useAssets(): { assets: Asset[]; done: boolean; error: unknown; again: () => void } {
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: ["assets"],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET("/api/v1/assets", { params: { query: { limit: 1000, ...(pageParam ? { cursor: pageParam } : {}) } } }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: NOW_AND_THEN_MS,
  });
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const assets = useMemo(() => (data?.pages.flatMap((page) => page.items) ?? []) as Asset[], [data]);
  return { assets, done: data !== undefined && !hasNextPage, error, again: () => void refetch() };
}

export function AssetBrowser() {
  const t = useTranslations("site.assets");
  const word = useWord();
  const site = useSite();
  const { assets, error, again } = useAssets();
  const open = useOpenByAsset();
  const [params, setParams] = useSearchParams();
  const by: Grouping = params.get("by") === "type" ? "type" : "zone";
  const text = params.get("q") ?? "";
  const alarmedOnly = params.get("alarmed") === "1";
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const zones = useMemo(() => zoneNames(site?.model), [site]);
  const nameOf = (group: string) =>
    group === "" ? t("noZone") : by === "zone" ? (zones.get(group) ?? group) : word(`site.type.${group}`, group);
  const rows = rowsOf(assets, { by, text, alarmedOnly }, closed, open, nameOf);
  const shown = rows.reduce((sum, one) => sum + (one.kind === "group" ? one.size : 0), 0);
  const put = (name: string, value: string) =>
    setParams(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const toggle = (id: string) => {
    const now = new Set(closed);
    if (!now.delete(id)) now.add(id);
    setClosed(now);
  };
  if (error && assets.length === 0) return <Failed error={error} again={again} />;
  if (assets.length === 0) return <Loading />;
  return (
    <div className={styles["browser"]}>
      <search className={styles["filters"]}>
        <Field label={t("search")}>
          <input
            type="search"
            placeholder={t("searchHint")}
            value={text}
            onChange={(event) => put("q", event.target.value)}
          />
        </Field>
        <Field label={t("by")}>
          <select value={by} onChange={(event) => put("by", event.target.value === "type" ? "type" : "")}>
            <option value="zone">{t("byZone")}</option>
            <option value="type">{t("byType")}</option>
          </select>
        </Field>
        <label className={styles["tick"]}>
          <input
            type="checkbox"
            checked={alarmedOnly}
            onChange={(event) => put("alarmed", event.target.checked ? "1" : "")}
          />
          {t("alarmed")}
        </label>
        <p className={styles["soft"]} role="status">
          {t("count", { shown, total: assets.length })}
        </p>
      </search>
      {rows.length === 0 ? (
        <Empty>{t("none")}</Empty>
      ) : (
        <Tree rows={rows} open={open} nameOf={nameOf} onToggle={toggle} />
      )}
    </div>
  );
}

interface TreeProps {
  rows: readonly Row[];
  open: Map<string, Open>;
  nameOf: (group: string) => string;
  onToggle: (group: string) => void;
}

function Tree({ rows, open, nameOf, onToggle }: TreeProps) {
  const t = useTranslations("site.assets");
  const [, go] = useLocation();
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const active = Math.min(at, rows.length - 1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const enter = (row: Row | undefined) => {
    if (row?.kind === "leaf") go(`/site/assets/${encodeURIComponent(row.asset.id)}`);
    else if (row) onToggle(row.id);
  };
  const pressed = (event: KeyboardEvent) => {
    const row = rows[active];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") enter(row);
    else if (row?.kind === "group" && event.key === (row.open ? "ArrowLeft" : "ArrowRight")) onToggle(row.id);
    else {
      const to = stepped(rows, active, event.key);
      if (to === null) return;
      setAt(to);
      virtual.scrollToIndex(to);
    }
    event.preventDefault();
  };
  return (
    <>
      <div
        ref={box}
        role="tree"
        aria-label={t("tree")}
        aria-describedby={`${id}-hint`}
        aria-activedescendant={`${id}-${active}`}
        tabIndex={0}
        onKeyDown={pressed}
        className={styles["tree"]}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself takes the keys
              <div
                key={row.kind === "group" ? `group ${row.id}` : row.asset.id}
                id={`${id}-${item.index}`}
                role="treeitem"
                tabIndex={-1}
                aria-level={row.kind === "group" ? 1 : 2}
                aria-expanded={row.kind === "group" ? row.open : undefined}
                aria-selected={item.index === active}
                className={styles[row.kind]}
                style={{ height: item.size, transform: `translateY(${item.start}px)` }}
                onClick={() => {
                  setAt(item.index);
                  enter(row);
                }}
              >
                {row.kind === "group" ? (
                  <GroupRow row={row} name={nameOf(row.id)} />
                ) : (
                  <LeafRow asset={row.asset} open={open.get(row.asset.id)} />
                )}
              </div>
            );
          })}
        </div>
      </div>
      <p id={`${id}-hint`} className={styles["hint"]}>
        {t("treeHint")}
      </p>
    </>
  );
}

function GroupRow({ row, name }: { row: Extract<Row, { kind: "group" }>; name: string }) {
  const t = useTranslations("site");
  return (
    <>
      <span aria-hidden="true">{row.open ? "▾" : "▸"}</span>
      <strong>{name}</strong>
      <span className={styles["soft"]}>{row.size}</span>
      {row.alarmed > 0 && <span className={styles["soft"]}>· {t("alarms", { n: row.alarmed })}</span>}
    </>
  );
}

function LeafRow({ asset, open }: { asset: Asset; open: Open | undefined }) {
  const t = useTranslations("site");
  const word = useWord();
  return (
    <>
      <span className={styles["id"]}>{asset.id}</span>
      <span className={styles["name"]}>{asset.name}</span>
      <span className={styles["kind"]}>{word(`site.type.${asset.type}`, asset.type)}</span>
      <span className={styles["state"]}>
        {open && (
          <>
            <SeverityMark severity={open.worst} calling={open.calling} text={false} /> {t("alarms", { n: open.count })}
          </>
        )}
        {asset.health && asset.health !== "live" && <HealthMark state={asset.health} />}
      </span>
    </>
  );
}

/** Names of the physical zones by id. */
export function zoneNames(model: { [key: string]: unknown } | undefined): Map<string, string> {
  const zones = (model?.["zones"] ?? []) as { id: string; name?: string }[];
  return new Map(zones.map((one) => [one.id, one.name || one.id]));
}
