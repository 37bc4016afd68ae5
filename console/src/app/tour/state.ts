/** Where the tour stands on this browser, for this run of the demonstration. */
import { Cell } from "../../api/cell";
import { session } from "../../api/session";
import { keep, kept } from "../preferences";
import { BEGINNING, resumed, type Standing, written } from "./steps";

const run = (): string => session.value.info?.demonstration?.run ?? "";

export const standing = new Cell<Standing>(BEGINNING);
let known = "";

function begin(): void {
  if (run() === known) return;
  known = run();
  standing.set(resumed(kept("tour"), known));
}

session.follow(begin);
begin();

/** Stand elsewhere, and remember it. */
export function stand(next: Standing): void {
  if (next === standing.value) return;
  standing.set(next);
  keep("tour", written(next, run()));
}

/** Go on where it was left; anew where it was done. */
export function takeUp(): void {
  stand(standing.value.state === "done" ? BEGINNING : { ...standing.value, state: "open" });
}

/** Leave it where it is. */
export function leave(): void {
  stand({ ...standing.value, state: "closed" });
}
