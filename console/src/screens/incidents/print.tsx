/** What stands at the top of a printed incident: site, when it was printed, by whom; and everything is opened for it. */
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { eventNow } from "../../api/clock";
import { session } from "../../api/session";
import { useSite } from "../../api/site";
import type { IncidentDetail } from "../../api/types";
import { Time } from "../../ui/time";
import styles from "./incidents.module.css";

export function PrintHead({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.page");
  const site = useSite();
  const who = useCell(session).info?.name;
  const at = usePrinting();
  return (
    <header className={styles["printHead"]}>
      <strong>{site?.name}</strong>
      <span>{incident.id}</span>
      <span>
        {t("printed")} <Time at={at} zone /> {who}
      </span>
    </header>
  );
}

/** Event time of the printing; what is folded is opened for it and folded again behind it. */
function usePrinting(): number | null {
  const [at, setAt] = useState(eventNow);
  useEffect(() => {
    let opened: HTMLDetailsElement[] = [];
    const before = () => {
      setAt(eventNow());
      opened = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
      for (const one of opened) one.open = true;
    };
    const after = () => {
      for (const one of opened) one.open = false;
    };
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);
  return at;
}
