/** The table of all alarms that fit, as a file. */
import { problemOf } from "../../api/problem";
import { apiQueryOf, type Filter } from "./filter";

/** Have the browser save it.
 *
 * @throws ApiProblem
 */
export async function exportTable(filter: Filter): Promise<void> {
  const response = await fetch(`/api/v1/alarms?${apiQueryOf(filter)}`, { headers: { Accept: "text/csv" } });
  if (!response.ok) throw problemOf(response, await response.json().catch(() => null));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "alarms.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}
