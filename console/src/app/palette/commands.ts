/** Commands of the palette: the shell and the screens add theirs in one line, for as long as they are shown. */
import { useEffect, useRef } from "react";
import { Cell } from "../../api/cell";
import { useShortcuts } from "../shortcuts";

export interface Command {
  /** Unique among those that are shown together. */
  id: string;
  /** In the language shown. */
  label: string;
  run: () => void;
  /** A shortcut that runs it too; see `shortcuts.ts`. */
  keys?: string;
}

/** All commands in force, the newest first: those of the screen go before those of the shell. */
export const commands = new Cell<readonly Command[]>([]);

/** Add commands while the component is shown. The list may be made anew at each drawing. */
export function useCommands(list: readonly Command[]): void {
  const newest = useRef(list);
  newest.current = list;
  const kinds = list.map((one) => `${one.id}\0${one.label}\0${one.keys ?? ""}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: added anew only when ids, labels or keys differ
  useEffect(() => {
    const mine = newest.current.map((one, index) => ({ ...one, run: () => newest.current[index]?.run() }));
    commands.set([...mine, ...commands.value]);
    return () => commands.set(commands.value.filter((one) => !mine.includes(one)));
  }, [kinds]);
  useShortcuts(list.flatMap((one) => (one.keys ? [{ keys: one.keys, label: one.label, run: one.run }] : [])));
}
