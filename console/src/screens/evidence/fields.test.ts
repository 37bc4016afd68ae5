import { expect, it } from "vitest";
import { rowsOf } from "./fields";

it("makes rows of plain fields and lists, knows times, and leaves the rest to the whole record", () => {
  const rows = rowsOf({
    kind: "login",
    account: "svc",
    remote: true,
    began: "2026-03-12T22:00:00Z",
    techniques: ["T0859", "T0886"],
    contributions: [{ signal: "LT-1" }],
    nested: { a: 1 },
    none: [],
  });
  expect(rows).toEqual([
    { field: "account", value: "svc", time: false },
    { field: "remote", value: true, time: false },
    { field: "began", value: "2026-03-12T22:00:00Z", time: true },
    { field: "techniques", value: "T0859, T0886", time: false },
  ]);
});
