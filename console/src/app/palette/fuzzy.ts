/** How well a text fits what somebody typed: all letters in order, better where they stand together or begin words. Pure. */

/** Score of a fit, higher is better; null where a letter is missing. Every word typed must fit on its own. */
export function score(typed: string, text: string): number | null {
  const known = text.toLowerCase();
  let total = 0;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const one = scoreOfWord(word, known);
    if (one === null) return null;
    total += one;
  }
  return total - known.length / 1000;
}

const begins = (text: string, at: number): boolean => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");

function scoreOfWord(word: string, text: string): number | null {
  const whole = text.indexOf(word);
  if (whole >= 0) return word.length * 4 + (begins(text, whole) ? 8 : 0) + (whole === 0 ? 4 : 0);
  let at = -1;
  let found = 0;
  for (const letter of word) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    found += begins(text, next) ? 3 : next === at + 1 ? 2 : 0;
    at = next;
  }
  return found - (at - word.length) / 50;
}

/** The best fits, best first; the order is kept where they fit alike. */
export function best<T>(typed: string, all: Iterable<T>, text: (one: T) => string, most: number): T[] {
  const fits: { one: T; score: number; number: number }[] = [];
  let number = 0;
  for (const one of all) {
    const fit = score(typed, text(one));
    if (fit !== null) fits.push({ one, score: fit, number: number++ });
  }
  fits.sort((a, b) => b.score - a.score || a.number - b.number);
  return fits.slice(0, most).map((fit) => fit.one);
}
