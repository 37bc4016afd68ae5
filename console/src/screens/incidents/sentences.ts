/** A story taken apart into its sentences, so that it can be read by a glance. Pure. */

const ABBREVIATED = /(^|\s)(\p{L}?|no|ca|vs)$/iu;

/** Sentences of a text; what stands in quotes stays whole, and so do numbers and short abbreviations. */
export function sentencesOf(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    const here = text[i] ?? "";
    const ends = here === "\n" || (/[.!?]/.test(here) && /^\s+\S/.test(text.slice(i + 1, i + 4)));
    if (quoted || !ends || (here === "." && ABBREVIATED.test(text.slice(start, i)))) continue;
    found.push(text.slice(start, i + 1).trim());
    start = i + 1;
  }
  found.push(text.slice(start).trim());
  return found.filter(Boolean);
}
