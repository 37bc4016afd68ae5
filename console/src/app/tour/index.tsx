/** The guided tour over the demonstration. */
export function Tour() {
  return null;
}
