/** Says on every screen that this plant is simulated, so that nobody takes it for a real one; offers the tour. */
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { session } from "../../api/session";
import { Button } from "../../ui/button";
import { standing, takeUp } from "./state";
import styles from "./tour.module.css";

export function Mark() {
  const t = useTranslations("tour");
  const demonstration = useCell(session).info?.demonstration;
  const { state } = useCell(standing);
  if (!demonstration) return null;
  return (
    <div className={styles["mark"]} id="demonstration">
      <p>
        <strong>{t("mark")}</strong>{" "}
        {demonstration.speed !== 1 && <span>{t("speed", { speed: demonstration.speed })}</span>}
      </p>
      {demonstration.story !== null && state !== "open" && (
        <Button kind="bare" onClick={takeUp}>
          {state === "done" ? t("again") : t("resume")}
        </Button>
      )}
    </div>
  );
}
