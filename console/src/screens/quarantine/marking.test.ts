import { expect, test } from "vitest";
import { marked } from "./marking";

const fault = (what: string, where = "item 1", reason = "text-in-number") => ({ what, where, reason });

test("a value is marked where its field says it, not where it stands first", () => {
  const pieces = marked('{"a": "x", "LT1": "x"}', [fault('"x"', "item 1, LT1")]);
  expect(pieces.map((piece) => piece.text)).toEqual(['{"a": "x", "LT1": ', '"x"', "}"]);
  expect(pieces.map((piece) => piece.reason)).toEqual([null, "text-in-number", null]);
});

test("a line of a table, by its column", () => {
  const pieces = marked("time,LT1\nmonday,x\n", [fault("x", "line 2, column 'LT1'")]);
  expect(pieces[1]).toEqual({ text: "x", reason: "text-in-number" });
});

test("what is all of the message, or isn't in it, marks nothing", () => {
  expect(marked("nonsense", [fault("nonsense")])).toEqual([{ text: "nonsense", reason: null }]);
  expect(marked("abc defghi", [fault("zz")])).toEqual([{ text: "abc defghi", reason: null }]);
});

test("pieces put together are the text, whatever the faults", () => {
  const text = '{"n": 1, "m": 2, "n": 3}';
  const pieces = marked(text, [fault('"n"'), fault("n"), fault("2"), fault('"m": 2')]);
  expect(pieces.map((piece) => piece.text).join("")).toBe(text);
});
