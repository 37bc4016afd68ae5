import { describe, expect, it } from "vitest";
import { fileName, historyPath } from "./export";
import { inZone, zoned } from "./zoned";

describe("times of the site's zone", () => {
  const zone = "Europe/Madrid";
  it("come back as they were", () => {
    for (const at of ["2026-03-12T23:30:05Z", "2026-07-01T10:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"]) {
      expect(inZone(zoned(Date.parse(at), zone), zone)).toBe(Date.parse(at));
    }
  });
  it("take an hour that comes twice for the first", () => {
    expect(new Date(inZone("2026-10-25T02:30:00", zone)).toISOString()).toBe("2026-10-25T00:30:00.000Z");
  });
  it("take an hour left out for the next", () => {
    expect(new Date(inZone("2026-03-29T02:30:00", zone)).toISOString()).toBe("2026-03-29T01:30:00.000Z");
  });
  it("are none where nothing was said", () => expect(inZone("", zone)).toBeNaN());
});

it("files are named by what is in them", () => {
  expect(fileName(["A/1", "B"], { from: 0, to: 60_000 }, "csv")).toBe("A_1+B_19700101T000000Z_19700101T000100Z.csv");
  expect(historyPath(["A B"], { from: 0, to: 1 })).toBe(
    "/api/v1/history?signal=A+B&from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-01T00%3A00%3A00.001Z",
  );
});
