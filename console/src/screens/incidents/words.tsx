/** How incidents are put in words: how sure, who has it, how it is handled, what somebody did. */
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { session } from "../../api/session";
import type { Handling, Incident, IncidentAct, SourceKind } from "../../api/types";
import styles from "./incidents.module.css";

const SURE = {
  "almost certain": "almost_certain",
  likely: "likely",
  "as likely as not": "as_likely_as_not",
  unlikely: "unlikely",
  "a bare possibility": "a_bare_possibility",
} as const;
const ROLES = ["operator", "security", "admin", "reporter-liaison"] as const;

/** A confidence: the word first, then the number. */
export function Sure({ incident }: { incident: Pick<Incident, "sure" | "confidence"> }) {
  const t = useTranslations("incidents.sure");
  return <span>{t("of", { word: t(SURE[incident.sure]), share: incident.confidence })}</span>;
}

/** Name of who has something: an account, all of a role, nobody. */
export function useOwnerName(): (owner: string | null | undefined) => string {
  const t = useTranslations("incidents");
  const me = useCell(session).info?.name;
  return (owner) => {
    if (!owner) return t("nobody");
    if (owner === me) return t("me", { name: owner });
    if (!owner.startsWith("role:")) return owner;
    const role = owner.slice("role:".length);
    const known = ROLES.find((one) => one === role);
    return known ? t(`role.${known}`) : t("role.other", { role });
  };
}

/** How people handle it; new evidence since a closing stands out. */
export function HandlingMark({ handling }: { handling: Handling }) {
  const t = useTranslations("incidents.handling");
  return (
    <span className={styles["handling"]} data-state={handling.state}>
      {t(handling.state)}
      {handling.new_evidence && <strong className={styles["again"]}> ▲ {t("newEvidence")}</strong>}
    </span>
  );
}

/** The kinds of source that saw it, in words. */
export function Kinds({ kinds }: { kinds: readonly SourceKind[] }) {
  const t = useTranslations("ui.kind");
  return <span>{kinds.map((kind) => t(kind)).join(", ")}</span>;
}

/** What somebody did, as a sentence. */
export function useActSentence(tasks: ReadonlyMap<string, string>): (act: IncidentAct) => string {
  const t = useTranslations("incidents");
  const named = useOwnerName();
  return (act) => {
    const { by } = act;
    switch (act.action) {
      case "assign":
        if (!act.owner) return t("act.unassign", { by });
        return act.owner === by ? t("act.take", { by }) : t("act.assign", { by, owner: named(act.owner) });
      case "task_done":
      case "task_reopen":
        return t(`act.${act.action}`, { by, text: tasks.get(act.task ?? "") ?? "" });
      case "close":
        return t("act.close", { by, cause: t(`cause.${act.cause ?? "other"}`), text: act.text ?? "" });
      case "reopen":
        return t("act.reopen", { by, text: act.text || "none" });
      default:
        return t(`act.${act.action}`, { by, text: act.text ?? "" });
    }
  };
}
