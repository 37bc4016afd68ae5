import { describe, expect, it } from "vitest";
import type { PersonReport, ReportCluster } from "../../api/types";
import { filterOf, searchOf, shownReports, stateOf, wordsOf } from "./filter";

const report = (number: string, more: Partial<PersonReport> = {}) =>
  ({ number, category: "smell", states: {}, answers: [], verdict: null, ...more }) as PersonReport;
const answer = [{ at: "2026-03-13T02:00:00Z", by: "a", text: "t" }];
const all = [
  report("A"),
  report("B", { category: "fire", answers: answer }),
  report("C", { verdict: "unfounded", answers: answer }),
  report("D", { states: { seen: "2026-03-13T02:00:00Z" } }),
];
const clusters = [{ id: "x", numbers: ["A", "B"] }] as ReportCluster[];
const numbers = (text: string) =>
  shownReports(all, clusters, filterOf(new URLSearchParams(text))).map((one) => one.number);

describe("which reports are listed", () => {
  it("follows the address", () => {
    expect(numbers("")).toEqual(["A", "B", "C", "D"]);
    expect(numbers("state=new")).toEqual(["A", "D"]);
    expect(numbers("state=answered")).toEqual(["B", "C"]);
    expect(numbers("state=judged")).toEqual(["C"]);
    expect(numbers("kind=fire")).toEqual(["B"]);
    expect(numbers("cluster=x&state=new")).toEqual(["A"]);
    expect(numbers("cluster=gone")).toEqual([]);
    expect(numbers("state=nonsense")).toEqual(["A", "B", "C", "D"]);
  });

  it("is written as it is read", () => {
    for (const text of ["", "?state=new&kind=fire&cluster=x", "?insider=1"]) {
      expect(searchOf(filterOf(new URLSearchParams(text)))).toBe(text);
    }
  });

  it("says of each how far somebody has got", () => {
    expect(all.map(stateOf)).toEqual(["new", "answered", "unfounded", "seen"]);
  });

  it("says of each how far it is believed, in two ways where it is in both, and nothing of what is over", () => {
    const told = [
      { id: "x", credibility: "probable", cleared: null, numbers: ["A", "B"] },
      { id: "y", credibility: "campaign", cleared: null, numbers: ["B"] },
      { id: "z", credibility: "probable", cleared: null, numbers: ["B"] },
      { id: "w", credibility: "corroborated", cleared: "2026-03-13T02:00:00Z", numbers: ["A"] },
    ] as ReportCluster[];
    expect([...wordsOf(told)]).toEqual([
      ["A", ["probable"]],
      ["B", ["probable", "campaign"]],
    ]);
  });
});
