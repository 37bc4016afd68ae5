/** Signing in; also where a session has ended, and where a one-time password must be replaced. */
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { session } from "../../api/session";
import { LookChoice } from "../account/look";
import { ChoosePassword } from "./choose";
import { NameAndPassword } from "./form";
import styles from "./signin.module.css";

export default function SignIn() {
  const t = useTranslations("signin");
  const { state, info } = useCell(session);
  const mustChoose = info?.must_change_password ?? false;
  useEffect(() => {
    document.title = `${t("title")} · infrastress`;
  }, [t]);
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <p className={styles["brand"]}>infrastress</p>
        <h1>{mustChoose ? t("choose.title") : t("title")}</h1>
        {state === "ended" && (
          <p role="status" className={styles["note"]}>
            {t("ended")}
          </p>
        )}
        {mustChoose && info ? <ChoosePassword name={info.name} /> : <NameAndPassword />}
      </div>
      <LookChoice compact />
    </main>
  );
}
