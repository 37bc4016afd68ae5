/** Who has the incident, its tasks and notes, and its end. */
import { type FormEvent, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { may } from "../../api/session";
import type { IncidentDetail } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/panel";
import { Time } from "../../ui/time";
import { useWished } from "../../ui/wished";
import { CloseDialog, ReopenDialog } from "./closing";
import styles from "./incidents.module.css";
import { type Act, useAct, usePeople } from "./use";
import { useActSentence, useOwnerName } from "./words";

/** Whether it was done; what went wrong is said. */
type Send = (act: Act) => Promise<boolean>;

export function HandlingPanel({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.work");
  const keys = useTranslations("incidents.key");
  const act = useAct(incident.id);
  const allowed = may("act.incidents") && !incident.superseded_by;
  const note = useRef<HTMLTextAreaElement>(null);
  const task = useRef<HTMLTextAreaElement>(null);
  const [dialog, setDialog] = useState<"close" | "reopen" | null>(null);
  const { handling } = incident;
  const closed = handling.state === "closed";
  useShortcuts(
    allowed
      ? [
          { keys: "n", label: keys("note"), run: () => note.current?.focus() },
          { keys: "t", label: keys("task"), run: () => task.current?.focus() },
          { keys: "i", label: keys("take"), run: () => act.mutate({ what: "assign", owner: null }) },
          { keys: "c", label: keys("close"), run: () => setDialog("close") },
        ]
      : [],
  );
  const send: Send = (one) =>
    act.mutateAsync(one).then(
      () => true,
      () => false,
    );
  return (
    <Panel title={t("title")} className={styles["work"]}>
      <Closing incident={incident} />
      <Owner incident={incident} allowed={allowed} busy={act.isPending} send={send} />
      {!may("act.incidents") && <p className={styles["hint"]}>{t("may")}</p>}
      <h3>{t("tasks")}</h3>
      {handling.tasks.length === 0 && <p className={styles["soft"]}>{t("noTasks")}</p>}
      <ul className={styles["tasks"]}>
        {handling.tasks.map((one) => (
          <TaskItem key={one.id} task={one} allowed={allowed} send={send} />
        ))}
      </ul>
      {allowed && (
        <Write ref={task} label={t("newTask")} button={t("addTask")} onSend={(text) => send({ what: "tasks", text })} />
      )}
      <h3>{t("notes")}</h3>
      {handling.notes.length === 0 && <p className={styles["soft"]}>{t("noNotes")}</p>}
      <ul className={styles["notes"]}>
        {handling.notes.map((one) => (
          <li key={one.id}>
            <p className={styles["text"]}>{one.text}</p>
            <p className={styles["hint"]}>
              <By by={one.by} at={one.at} />
            </p>
          </li>
        ))}
      </ul>
      {allowed && (
        <Write ref={note} label={t("newNote")} button={t("addNote")} onSend={(text) => send({ what: "notes", text })} />
      )}
      {allowed && (
        <div className={styles["ends"]}>
          <Button kind={closed ? "quiet" : "primary"} onClick={() => setDialog("close")}>
            {closed ? t("correct") : t("close")}
          </Button>
          {closed && <Button onClick={() => setDialog("reopen")}>{t("reopen")}</Button>}
        </div>
      )}
      <History incident={incident} />
      {dialog === "close" && <CloseDialog incident={incident} onSend={send} onClose={() => setDialog(null)} />}
      {dialog === "reopen" && <ReopenDialog onSend={send} onClose={() => setDialog(null)} />}
    </Panel>
  );
}

interface TaskProps {
  task: IncidentDetail["handling"]["tasks"][number];
  allowed: boolean;
  send: Send;
}

function TaskItem({ task, allowed, send }: TaskProps) {
  const [done, wish] = useWished(task.done);
  return (
    <li>
      <label>
        <input
          type="checkbox"
          checked={done}
          disabled={!allowed}
          onChange={({ target: { checked } }) =>
            wish(checked, () => send({ what: "settle", task: task.id, done: checked }))
          }
        />
        <span data-done={done}>{task.text}</span>
      </label>
      <p className={styles["hint"]}>
        {task.settled_by ? <By by={task.settled_by} at={task.settled_at} /> : <By by={task.by} at={task.at} set />}
      </p>
    </li>
  );
}

/** Who did it and when. */
function By({ by, at, set = false }: { by: string; at: string | null; set?: boolean }) {
  const t = useTranslations("incidents.work");
  return <>{t.rich(set ? "setRich" : "byRich", { by, when: () => <Time at={at} form="minute" /> })}</>;
}

function Closing({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents");
  const { closing, new_evidence: again } = incident.handling;
  if (!closing) return null;
  return (
    <div className={styles["closing"]} data-again={again} role={again ? "alert" : undefined}>
      {again && (
        <p>
          <strong>▲ {t("handling.newEvidence")}.</strong> {t("work.newEvidence")}
        </p>
      )}
      <p>
        <strong>{again ? t("work.wasClosed") : t("work.closing")}: </strong>
        {t(`cause.${closing.cause}`)}
      </p>
      <p className={styles["text"]}>{closing.comment}</p>
      <p className={styles["hint"]}>
        <By by={closing.by} at={closing.at} />
      </p>
    </div>
  );
}

interface OwnerProps {
  incident: IncidentDetail;
  allowed: boolean;
  busy: boolean;
  send: Send;
}

function Owner({ incident, allowed, busy, send }: OwnerProps) {
  const t = useTranslations("incidents");
  const named = useOwnerName();
  const people = usePeople();
  const id = useId();
  const { owner, owner_since: since } = incident.handling;
  const [shown, wish] = useWished(owner ?? "");
  const known = people.some((one) => one.id === owner);
  if (!allowed) {
    return (
      <p>
        {t("work.owner")}: <strong>{named(owner)}</strong>
      </p>
    );
  }
  return (
    <div className={styles["owner"]}>
      <label htmlFor={id}>{t("work.owner")}</label>
      <span className={styles["ownerPrinted"]}>{named(owner)}</span>
      <select
        id={id}
        value={shown}
        onChange={({ target: { value } }) => wish(value, () => send({ what: "assign", owner: value }))}
      >
        <option value="">{t("nobody")}</option>
        {owner && !known && <option value={owner}>{named(owner)}</option>}
        {people.map((one) => (
          <option key={one.id} value={one.id}>
            {named(one.id)}
          </option>
        ))}
      </select>
      {!owner && (
        <Button kind="primary" disabled={busy} onClick={() => void send({ what: "assign", owner: null })}>
          {t("work.take")}
        </Button>
      )}
      {since && (
        <p className={styles["hint"]}>{t.rich("work.sinceRich", { when: () => <Time at={since} form="minute" /> })}</p>
      )}
    </div>
  );
}

interface WriteProps {
  ref: React.Ref<HTMLTextAreaElement>;
  label: string;
  button: string;
  onSend: (text: string) => Promise<boolean>;
}

/** Something to write; what was written stays until it is on the disk. */
function Write({ ref, label, button, onSend }: WriteProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const id = useId();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    const written = await onSend(text);
    setBusy(false);
    if (written) setText((now) => (now === text ? "" : now)); // what was typed meanwhile stays
  };
  return (
    <form className={styles["write"]} onSubmit={(event) => void send(event)}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        ref={ref}
        rows={2}
        maxLength={2000}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send(event);
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <Button type="submit" disabled={!text.trim() || busy}>
        {button}
      </Button>
    </form>
  );
}

function History({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.work");
  const { acts, acts_total: total, tasks } = incident.handling;
  const sentence = useActSentence(new Map(tasks.map((one) => [one.id, one.text])));
  if (total === 0) return null;
  return (
    <details className={styles["screenOnly"]}>
      <summary>{t("history", { n: total })}</summary>
      <ol className={styles["history"]}>
        {acts.map((act) => (
          <li key={act.id}>
            <Time at={act.at} form="minute" /> {sentence(act)}
          </li>
        ))}
      </ol>
    </details>
  );
}
