/** The alarm banner at the top of every screen. */
export function Banner() {
  return null;
}
