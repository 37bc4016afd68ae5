import { expect, test } from "vitest";
import { outlook, sized } from "./words";

test("sizes keep two or three digits", () => {
  expect(sized(0)).toEqual({ value: 0, unit: "B", digits: 0 });
  expect(sized(1500)).toEqual({ value: 1.5, unit: "kB", digits: 1 });
  expect(sized(999_600)).toMatchObject({ unit: "MB" });
  expect(sized(123_456_789).digits).toBe(0);
  expect(sized(5e15)).toMatchObject({ value: 5000, unit: "TB" });
  expect(sized(-2000)).toMatchObject({ value: -2, unit: "kB" });
});

test("when the disk is full", () => {
  expect(outlook(1e9, 41, 4e10)).toBe("days");
  expect(outlook(1e9, 1.5, 4e10)).toBe("hours");
  expect(outlook(-5, null, 4e10)).toBe("steady");
  expect(outlook(null, null, 4e10)).toBe("measuring");
  expect(outlook(1e3, 1e6, 4e10)).toBe("far");
  expect(outlook(1e9, 41, null)).toBe("unknown");
});
