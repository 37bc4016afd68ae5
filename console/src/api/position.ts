/** Positions of the stream: how far each partition of the log was told, as one word. */

const numbers = (position: string): number[] => (position.match(/\d+/g) ?? []).map(Number);

/** Whether one who stands at a position lacks what was told before another; who stands nowhere yet lacks nothing. */
export function behind(position: string, other: string): boolean {
  if (!position || !other) return false;
  const at = numbers(position);
  return numbers(other).some((one, number) => one > (at[number] ?? 0));
}
