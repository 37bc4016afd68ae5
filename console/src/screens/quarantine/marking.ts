/** Where in a message the faults stand: its text cut into pieces, those that can't be read marked. */

export interface Piece {
  text: string;
  /** Why this piece can't be read; null for the rest. */
  reason: string | null;
}

interface Fault {
  reason: string;
  where: string;
  what: string;
}

/** Cut a text at its faults. A fault that is (nearly) all of the text, or isn't found in it, marks nothing. */
export function marked(text: string, faults: readonly Fault[]): Piece[] {
  const spans: { from: number; to: number; reason: string }[] = [];
  for (const fault of faults) {
    const found = place(text, fault);
    if (found && !spans.some((span) => span.from < found.to && found.from < span.to)) spans.push(found);
  }
  spans.sort((a, b) => a.from - b.from);
  const pieces: Piece[] = [];
  let at = 0;
  for (const span of spans) {
    if (span.from > at) pieces.push({ text: text.slice(at, span.from), reason: null });
    pieces.push({ text: text.slice(span.from, span.to), reason: span.reason });
    at = span.to;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), reason: null });
  return pieces;
}

/** `where` may name the field: "item 3, LT-103" or "line 4, column 'LT1'". */
function place(text: string, fault: Fault) {
  const what = fault.what.trim();
  if (what === "" || what.length > 0.8 * text.trim().length) return null;
  const name = fault.where.match(/, (?:column )?'?([^']+)'?$/)?.[1];
  const key = name === undefined ? -1 : text.indexOf(JSON.stringify(name));
  let from = key < 0 ? -1 : text.indexOf(what, key + JSON.stringify(name).length);
  if (from < 0) from = text.lastIndexOf(what);
  return from < 0 ? null : { from, to: from + what.length, reason: fault.reason };
}
