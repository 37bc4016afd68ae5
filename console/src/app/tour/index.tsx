/** The guided tour over the demonstration: ten steps beside the screens, never over them, walked by key or by what happens. */
import { useEffect, useId, useRef } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";
import { useCell } from "../../api/cell";
import { session } from "../../api/session";
import { Button } from "../../ui/button";
import { useShortcuts } from "../shortcuts";
import { useFacts } from "./facts";
import { Frame } from "./frame";
import { leave, stand, standing, takeUp } from "./state";
import { type Facts, informed, isWaiting, moved, STEPS, stepOf, WAYS } from "./steps";
import styles from "./tour.module.css";

export function Tour() {
  const story = useCell(session).info?.demonstration?.story ?? null;
  return story === null ? null : <Offered />;
}

function Offered() {
  const t = useTranslations("tour");
  const now = useCell(standing);
  const toggle = () => (standing.value.state === "open" ? leave() : takeUp());
  useShortcuts([{ keys: "shift+t", label: t("open"), run: toggle }]);
  return now.state === "open" ? <Open /> : null;
}

function Open() {
  const t = useTranslations("tour");
  const id = useId();
  const now = useCell(standing);
  const facts = useFacts();
  const [, go] = useLocation();
  const before = useRef<Facts>(facts);
  const step = stepOf(now);
  const way = WAYS[step];
  const place = way.place(facts);
  const speed = session.value.info?.demonstration?.speed ?? 1;

  useEffect(() => {
    stand(informed(standing.value, before.current, facts));
    before.current = facts;
  }, [facts]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a step leads to its page once; from there on people go where they like
  useEffect(() => {
    if (place !== null && place !== facts.place) go(place);
  }, [step, place]);

  const next = () => stand(moved(standing.value, 1));
  const back = () => stand(moved(standing.value, -1));
  useShortcuts([
    { keys: "shift+n", label: t("next"), run: next },
    { keys: "shift+b", label: t("back"), run: back },
  ]);

  const last = now.step === STEPS.length - 1;
  return (
    <>
      <Frame anchors={way.anchors} />
      <aside className={styles["panel"]} aria-labelledby={id}>
        <header>
          <h2 id={id}>{t("title")}</h2>
          <span className={styles["count"]}>{t("count", { step: now.step + 1, of: STEPS.length })}</span>
          <Button kind="bare" onClick={leave} aria-label={t("close")}>
            ✕
          </Button>
        </header>
        <div aria-live="polite" className={styles["text"]}>
          <h3>{t(`steps.${step}.title`)}</h3>
          <p>{t(`steps.${step}.text`, { speed })}</p>
          {isWaiting(step, facts) && <p className={styles["waiting"]}>{t("waiting")}</p>}
        </div>
        <footer>
          <Button onClick={back} disabled={now.step === 0}>
            {t("back")} <kbd>⇧B</kbd>
          </Button>
          <Button kind="primary" onClick={next}>
            {last ? t("done") : t("next")} <kbd>⇧N</kbd>
          </Button>
        </footer>
      </aside>
    </>
  );
}
