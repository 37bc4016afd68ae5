/** The list of assets as a tree of two levels, flat as it is drawn: groups, and below each open one its assets. */
import type { Asset } from "../../api/types";

export type Grouping = "zone" | "type";

export interface Group {
  kind: "group";
  id: string;
  size: number;
  alarmed: number;
  open: boolean;
}

export interface Leaf {
  kind: "leaf";
  asset: Asset;
  group: string;
}

export type Row = Group | Leaf;

interface Wish {
  by: Grouping;
  text: string;
  alarmedOnly: boolean;
}

const groupOf = (asset: Asset, by: Grouping) => (by === "zone" ? (asset.zone ?? "") : asset.type);

/** Assets that fit what is asked for. */
export function fitting(assets: readonly Asset[], wish: Wish, alarmed: { has(id: string): boolean }): Asset[] {
  const text = wish.text.trim().toLocaleLowerCase();
  return assets.filter(
    (one) =>
      (!wish.alarmedOnly || alarmed.has(one.id)) &&
      (text === "" || `${one.id}\0${one.name}`.toLocaleLowerCase().includes(text)),
  );
}

/** Rows in order of the groups' names; assets of no group come last. A search opens every group. */
export function rowsOf(
  assets: readonly Asset[],
  wish: Wish,
  closed: ReadonlySet<string>,
  alarmed: { has(id: string): boolean },
  nameOf: (group: string) => string,
): Row[] {
  const groups = new Map<string, Asset[]>();
  for (const one of fitting(assets, wish, alarmed)) {
    const name = groupOf(one, wish.by);
    const members = groups.get(name);
    if (members) members.push(one);
    else groups.set(name, [one]);
  }
  const searching = wish.text.trim() !== "" || wish.alarmedOnly;
  const order = [...groups.keys()].sort((a, b) => (a === "" ? 1 : b === "" ? -1 : nameOf(a).localeCompare(nameOf(b))));
  return order.flatMap((id) => {
    const members = groups.get(id) ?? [];
    const open = searching || !closed.has(id);
    const head: Group = {
      kind: "group",
      id,
      size: members.length,
      alarmed: members.filter((one) => alarmed.has(one.id)).length,
      open,
    };
    return [head, ...(open ? members.map((asset): Leaf => ({ kind: "leaf", asset, group: id })) : [])];
  });
}

/** Where a key leads in the tree; null where it leads nowhere. */
export function stepped(rows: readonly Row[], at: number, key: string): number | null {
  const last = rows.length - 1;
  const row = rows[at];
  if (key === "ArrowDown") return Math.min(at + 1, last);
  if (key === "ArrowUp") return Math.max(at - 1, 0);
  if (key === "PageDown") return Math.min(at + 10, last);
  if (key === "PageUp") return Math.max(at - 10, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowLeft" && row?.kind === "leaf") {
    return rows.findIndex((one) => one.kind === "group" && one.id === row.group);
  }
  if (key === "ArrowRight" && row?.kind === "group" && row.open) return Math.min(at + 1, last);
  return null;
}
