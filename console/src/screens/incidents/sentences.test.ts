import { expect, it } from "vitest";
import { sentencesOf } from "./sentences";

it("takes a story apart at the ends of its sentences alone", () => {
  expect(
    sentencesOf(
      "Seen together: gas in the air, people reporting it. eng02 of EN-02 logged in at Thu 23:34. Wind 4.9 m/s, 40 %. And 25 more.",
    ),
  ).toEqual([
    "Seen together: gas in the air, people reporting it.",
    "eng02 of EN-02 logged in at Thu 23:34.",
    "Wind 4.9 m/s, 40 %.",
    "And 25 more.",
  ]);
});

it("leaves quotes, abbreviations and what has no end whole", () => {
  const quoted = 'one person reported smell: "It smells. We closed the windows."; beside it GD-01';
  expect(sentencesOf(`${quoted}. Next.`)).toEqual([`${quoted}.`, "Next."]);
  expect(sentencesOf("T-103, i. e. a tank, no. 3 of five.")).toEqual(["T-103, i. e. a tank, no. 3 of five."]);
  expect(sentencesOf("a line\nanother")).toEqual(["a line", "another"]);
  expect(sentencesOf("")).toEqual([]);
});
