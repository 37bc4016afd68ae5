/** Closing an incident with its cause, and taking it up again. */
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import type { Cause, IncidentDetail } from "../../api/types";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import styles from "./incidents.module.css";
import type { Act } from "./use";

const CAUSES: readonly Cause[] = [
  "attack",
  "equipment_fault",
  "sensor_fault",
  "process_upset",
  "maintenance",
  "drill",
  "false_alarm",
  "weather",
  "other",
];

interface Props {
  onSend: (act: Act) => Promise<boolean>;
  onClose: () => void;
}

export function CloseDialog({ incident, onSend, onClose }: Props & { incident: IncidentDetail }) {
  const t = useTranslations("incidents");
  const ui = useTranslations("ui");
  const before = incident.handling.state === "closed" ? incident.handling.closing : null;
  const [cause, setCause] = useState<Cause | "">(before?.cause ?? "");
  const [comment, setComment] = useState(before?.comment ?? "");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const open = incident.handling.tasks_open ?? 0;
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!cause || !comment.trim() || busy) return;
    setBusy(true);
    const written = await onSend({ what: "close", cause, comment });
    setBusy(false);
    if (written) onClose();
  };
  return (
    <Dialog title={t("work.closeTitle")} onClose={onClose}>
      <form className={styles["form"]} noValidate onSubmit={(event) => void send(event)}>
        {open > 0 && <p className={styles["notice"]}>{t("work.stillOpenTasks", { n: open })}</p>}
        <Field label={t("work.cause")} fault={tried && !cause && t("work.needCause")}>
          <select value={cause} required onChange={(event) => setCause(event.target.value as Cause | "")}>
            <option value="">{t("work.chooseCause")}</option>
            {CAUSES.map((one) => (
              <option key={one} value={one}>
                {t(`cause.${one}`)}
              </option>
            ))}
          </select>
        </Field>
        <Field
          label={t("work.comment")}
          hint={t("work.commentHint")}
          fault={tried && !comment.trim() && t("work.needComment")}
        >
          <textarea
            rows={4}
            maxLength={2000}
            required
            value={comment}
            onChange={(event) => setComment(event.target.value)}
          />
        </Field>
        <div className={styles["ends"]}>
          <Button type="submit" kind="primary" disabled={busy}>
            {t("work.doClose")}
          </Button>
          <Button onClick={onClose}>{ui("cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function ReopenDialog({ onSend, onClose }: Props) {
  const t = useTranslations("incidents.work");
  const ui = useTranslations("ui");
  const [comment, setComment] = useState("");
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (await onSend({ what: "reopen", comment })) onClose();
  };
  return (
    <Dialog title={t("reopenTitle")} onClose={onClose}>
      <form className={styles["form"]} onSubmit={(event) => void send(event)}>
        <Field label={t("reopenWhy")}>
          <textarea rows={3} maxLength={2000} value={comment} onChange={(event) => setComment(event.target.value)} />
        </Field>
        <div className={styles["ends"]}>
          <Button type="submit" kind="primary">
            {t("doReopen")}
          </Button>
          <Button onClick={onClose}>{ui("cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
