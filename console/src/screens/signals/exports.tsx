/** Buttons that save what is seen. */
import { useTranslations } from "use-intl";
import { Button } from "../../ui/button";
import type { Span } from "../../ui/charts";
import { say, sayFailed } from "../../ui/toast";
import { type Form, fileName, savePicture, saveValues } from "./export";
import styles from "./signals.module.css";

interface Props {
  signals: readonly string[];
  /** What is seen when the button is pressed. */
  span: () => Span;
  canvases: () => readonly HTMLCanvasElement[];
}

export function Exports({ signals, span, canvases }: Props) {
  const t = useTranslations("signals");
  const values = (form: Form) => {
    void saveValues(signals, span(), form)
      .then((whole) => say(t(whole ? "savedAll" : "savedReduced")))
      .catch((error: unknown) => sayFailed(t("saveFailed"), error));
  };
  const picture = () =>
    void savePicture(canvases(), signals, fileName(signals, span(), "png")).catch((error: unknown) =>
      sayFailed(t("saveFailed"), error),
    );
  return (
    <fieldset className={styles["range"]}>
      <legend>{t("save")}</legend>
      <Button onClick={() => values("csv")}>CSV</Button>
      <Button onClick={() => values("arrow")}>Arrow</Button>
      <Button onClick={picture}>PNG</Button>
    </fieldset>
  );
}
