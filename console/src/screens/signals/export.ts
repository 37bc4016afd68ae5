/** Taking what is seen along: values as the API gives them, and the picture. */
import { problemOf } from "../../api/problem";
import type { Span } from "../../ui/charts";

export type Form = "csv" | "arrow";

const ACCEPT: Record<Form, string> = { csv: "text/csv", arrow: "application/vnd.apache.arrow.stream" };
const MOST_STEPS = 4000;

/** The path of the history that is seen; without a width every value comes. */
export function historyPath(signals: readonly string[], span: Span, width?: number): string {
  const query = new URLSearchParams(signals.map((signal) => ["signal", signal]));
  query.set("from", new Date(span.from).toISOString());
  query.set("to", new Date(span.to).toISOString());
  if (width) query.set("width", String(width));
  return `/api/v1/history?${query}`;
}

/** A name that says what is in it. */
export function fileName(signals: readonly string[], span: Span, ending: string): string {
  const stamp = (at: number) => new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const names = signals.join("+").replaceAll(/[^\w.+-]/g, "_");
  return `${names.slice(0, 80)}_${stamp(span.from)}Z_${stamp(span.to)}Z.${ending}`;
}

/** Save the values of a span: all of them, or where they are too many for one answer, what a very wide plot shows.
 *
 * @returns whether every value is in the file.
 * @throws ApiProblem the server refused.
 */
export async function saveValues(signals: readonly string[], span: Span, form: Form): Promise<boolean> {
  const get = (width?: number) => fetch(historyPath(signals, span, width), { headers: { Accept: ACCEPT[form] } });
  let response = await get();
  const whole = response.status !== 422;
  if (!whole) response = await get(MOST_STEPS);
  if (!response.ok) throw problemOf(response, await response.json().catch(() => null));
  save(await response.blob(), fileName(signals, span, form));
  return whole;
}

/** Save what canvases show, one below the other, on the ground of the page. */
export async function savePicture(
  canvases: readonly HTMLCanvasElement[],
  captions: readonly string[],
  name: string,
): Promise<void> {
  const scale = devicePixelRatio;
  const head = 22 * scale;
  const picture = document.createElement("canvas");
  picture.width = Math.max(...canvases.map((one) => one.width));
  picture.height = canvases.reduce((sum, one) => sum + one.height + head, 0);
  const pen = picture.getContext("2d");
  if (!pen) return;
  const style = getComputedStyle(document.documentElement);
  pen.fillStyle = style.getPropertyValue("--raised");
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.fillStyle = style.getPropertyValue("--ink");
  pen.font = `600 ${13 * scale}px ${style.getPropertyValue("--font")}`;
  let y = 0;
  canvases.forEach((one, index) => {
    pen.fillText(captions[index] ?? "", 8 * scale, y + 15 * scale);
    pen.drawImage(one, 0, y + head);
    y += one.height + head;
  });
  const blob = await new Promise<Blob | null>((done) => picture.toBlob(done, "image/png"));
  if (blob) save(blob, name);
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
