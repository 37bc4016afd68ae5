/** Who sits here, what they may, and how the console looks to them. */
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { session } from "../../api/session";
import { useSite } from "../../api/site";
import { Button } from "../../ui/button";
import { Fact, Facts, Panel, ScreenHead } from "../../ui/panel";
import { Time } from "../../ui/time";
import { say, sayFailed } from "../../ui/toast";
import { useWord } from "../../ui/word";
import { PasswordForm } from "../signin/choose";
import styles from "./account.module.css";
import { AccountList } from "./list";
import { LookChoice } from "./look";

/** Everything that can be asked for, as the roles' table on the server has it. */
const PERMISSIONS = [
  "see.site",
  "see.alarms",
  "see.process",
  "see.health",
  "see.evidence",
  "see.reports",
  "see.insider",
  "see.quarantine",
  "see.decisions",
  "see.check",
  "act.alarms",
  "act.reports",
  "see.accounts",
  "see.metrics",
];

export default function Account() {
  const t = useTranslations("account");
  const info = useCell(session).info;
  if (!info) return null;
  return (
    <>
      <ScreenHead title={t("title")}>{info.kind === "session" && <SignOut />}</ScreenHead>
      <div className={styles["columns"]}>
        <You />
        <Panel title={t("look")}>
          <LookChoice />
        </Panel>
        {info.kind === "session" && (
          <Panel title={t("password.title")}>
            <PasswordForm
              current={t("password.current")}
              submit={t("password.submit")}
              onDone={() => say(t("password.done"))}
            />
          </Panel>
        )}
        {info.permissions.includes("see.accounts") && <AccountList />}
      </div>
    </>
  );
}

function SignOut() {
  const t = useTranslations("account");
  const [working, setWorking] = useState(false);
  const leave = async () => {
    setWorking(true);
    try {
      await ask(api.DELETE("/api/v1/session"));
      session.set({ state: "out", info: null });
    } catch (error) {
      sayFailed(t("signOutFailed"), error);
      setWorking(false);
    }
  };
  return (
    <Button onClick={() => void leave()} disabled={working}>
      {t("signOut")}
    </Button>
  );
}

function You() {
  const t = useTranslations("account");
  const word = useWord();
  const site = useSite();
  const info = useCell(session).info;
  if (!info) return null;
  const known = [...new Set([...PERMISSIONS, ...info.permissions])];
  const line = (one: string): ReactNode => <li key={one}>{word(`account.permission.${one}`, one)}</li>;
  const refused = known.filter((one) => !info.permissions.includes(one));
  return (
    <Panel title={t("you")}>
      <Facts>
        <Fact term={t("name")}>{info.name}</Fact>
        <Fact term={t("role")}>{word(`account.roles.${info.role}`, info.role)}</Fact>
        {info.ends && (
          <Fact term={t("ends")}>
            <Time at={info.ends} form="minute" zone /> <span className={styles["soft"]}>{t("endsHint")}</span>
          </Fact>
        )}
        <Fact term={t("zone")}>
          {site?.time_zone ?? "–"} <span className={styles["soft"]}>{t("zoneHint")}</span>
        </Fact>
        <Fact term={t("may")}>
          <ul className={styles["list"]}>{known.filter((one) => info.permissions.includes(one)).map(line)}</ul>
        </Fact>
        {refused.length > 0 && (
          <Fact term={t("mayNot")}>
            <ul className={styles["list"]}>{refused.map(line)}</ul>
          </Fact>
        )}
      </Facts>
      {info.kind === "local" && (
        <div className={styles["local"]}>
          <p>{t("local")}</p>
          <p>{t("localRemedy")}</p>
        </div>
      )}
    </Panel>
  );
}
