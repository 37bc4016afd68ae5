/** Keys: screens say which they take and what for; one listener hears them all, and `?` can list them. */
import { useEffect, useRef } from "react";
import { Cell } from "../api/cell";

export interface Shortcut {
  /** As `KeyboardEvent.key`, with `mod+` for Ctrl or Cmd and `shift+` for letters; two keys one after the other as "g a". */
  keys: string;
  /** What it does, in the language shown. */
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Also while typing in a field. */
  typing?: boolean;
}

/** All keys in force, the newest first: a screen's own go before the shell's. */
export const shortcuts = new Cell<readonly Shortcut[]>([]);

const PAUSE_MS = 1_200;
let first: { key: string; at: number } | null = null;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** How a key press is written, such as "a", "shift+x", "mod+k", "Enter". */
export function written(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shifted = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  return `${event.ctrlKey || event.metaKey ? "mod+" : ""}${event.altKey ? "alt+" : ""}${shifted ? "shift+" : ""}${key}`;
}

function heard(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = written(event);
  const before = first && event.timeStamp - first.at < PAUSE_MS ? `${first.key} ${key}` : null;
  const typing = isTyping(event.target);
  const fitting = (keys: string) => shortcuts.value.find((one) => one.keys === keys && (one.typing || !typing));
  const found = (before && fitting(before)) || fitting(key);
  first = null;
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (!typing && shortcuts.value.some((one) => one.keys.startsWith(`${key} `))) {
    first = { key, at: event.timeStamp };
  }
}

globalThis.document?.addEventListener("keydown", heard);

/** Take keys while the component is shown. The list may be made anew at each drawing. */
export function useShortcuts(list: readonly Shortcut[]): void {
  const newest = useRef(list);
  newest.current = list;
  const kinds = list.map((one) => `${one.keys}\0${one.label}\0${one.typing ?? ""}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: registered anew only when keys or labels differ
  useEffect(() => {
    const mine = newest.current.map((one, index) => ({
      ...one,
      run: (event: KeyboardEvent) => newest.current[index]?.run(event),
    }));
    shortcuts.set([...mine, ...shortcuts.value]);
    return () => shortcuts.set(shortcuts.value.filter((one) => !mine.includes(one)));
  }, [kinds]);
}
