/** What is done about a report: seen, answered by the way it came, judged; its reporter forgotten. */
import { type FormEvent, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { may } from "../../api/session";
import type { PersonReport } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Panel } from "../../ui/panel";
import { Time } from "../../ui/time";
import { Pick } from "./pick";
import styles from "./reports.module.css";
import { ANSWERS, answerLanguage, TEMPLATES, type Template } from "./templates";
import { type Act, useAct } from "./use";
import { useLanguageName } from "./words";

const LONGEST = 2000;

interface Props {
  report: PersonReport;
  /** One that rests on it: all its reporters can be answered at once. */
  incident: string | null;
}

export function Handling({ report, incident }: Props) {
  const t = useTranslations("reports");
  const act = useAct(report.number);
  const field = useRef<HTMLTextAreaElement>(null);
  const allowed = may("act.reports");
  const under = useRef(new Set<string>());
  // a key pressed while the last act is on its way is done after it; the same one meanwhile, as a key held down, is one act
  const run = (one: Act) => {
    const key = JSON.stringify(one);
    if (under.current.has(key)) return;
    under.current.add(key);
    const done = () => under.current.delete(key);
    act.mutateAsync(one).then(done, done); // what went wrong is said already
  };
  const seen = "seen" in report.states;
  useShortcuts(
    allowed
      ? [
          { keys: "a", label: t("key.answer"), run: () => field.current?.focus() },
          { keys: "shift+s", label: t("key.seen"), run: () => !seen && run({ what: "seen" }) },
          {
            keys: "shift+y",
            label: t("key.confirm"),
            run: () => run({ what: "verdict", verdict: "confirmed" }),
          },
          {
            keys: "shift+u",
            label: t("key.unfound"),
            run: () => run({ what: "verdict", verdict: "unfounded" }),
          },
        ]
      : [],
  );
  return (
    <Panel title={t("detail.done")}>
      <Answers report={report} />
      {allowed && (
        <>
          <AnswerForm {...{ report, incident, field, busy: act.isPending, send: act.mutateAsync }} />
          <section className={styles["judge"]}>
            <h3>{t("act.judge")}</h3>
            <p className={styles["ends"]}>
              {(["confirmed", "unfounded"] as const).map((verdict) => (
                <Button
                  key={verdict}
                  aria-pressed={report.verdict === verdict}
                  disabled={act.isPending}
                  onClick={() => run({ what: "verdict", verdict })}
                >
                  {t(verdict === "confirmed" ? "act.confirm" : "act.unfound")}
                </Button>
              ))}
              {!seen && (
                <Button disabled={act.isPending} onClick={() => run({ what: "seen" })}>
                  {t("act.seen")}
                </Button>
              )}
            </p>
            <p className={styles["soft"]}>{t("act.judgeHint")}</p>
          </section>
          {report.suggested && (
            <p className={styles["ends"]}>
              {t("detail.suggested", { kind: t(`kind.${report.suggested as "other"}`) })}
              <Button
                disabled={act.isPending}
                onClick={() => run({ what: "label", category: report.suggested as "other" })}
              >
                {t("detail.relabel")}
              </Button>
            </p>
          )}
          {!report.erased && <Erase busy={act.isPending} erase={() => act.mutateAsync({ what: "erase" })} />}
        </>
      )}
    </Panel>
  );
}

function Answers({ report }: { report: PersonReport }) {
  const t = useTranslations("reports.act");
  if (report.answers.length === 0) return <p className={styles["soft"]}>{t("noAnswer")}</p>;
  return (
    <ul className={styles["answers"]}>
      {report.answers.map((answer) => (
        <li key={`${answer.at} ${answer.by}`}>
          <p className={styles["text"]}>{answer.text ?? t("answerGone")}</p>
          <p className={styles["soft"]}>
            {t.rich("by", { by: answer.by || t("system"), when: () => <Time at={answer.at} form="minute" /> })}
          </p>
        </li>
      ))}
    </ul>
  );
}

interface FormProps extends Props {
  field: React.RefObject<HTMLTextAreaElement | null>;
  busy: boolean;
  send: (act: Act) => Promise<unknown>;
}

function AnswerForm({ report, incident, field, busy, send }: FormProps) {
  const t = useTranslations("reports");
  const language = useLanguageName();
  const [text, setText] = useState("");
  const [all, setAll] = useState(false);
  if (report.erased) return null;
  const written = answerLanguage(report.language);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !text.trim()) return;
    try {
      await send({ what: "answer", text: text.trim(), incident: all ? incident : null });
      setText("");
    } catch {
      // said already; what was written stays
    }
  };
  return (
    <form className={styles["form"]} onSubmit={(event) => void submit(event)}>
      <div className={styles["picks"]}>
        <Pick label={t("act.template")}>
          <select
            value=""
            onChange={(event) => {
              setText(ANSWERS[written][event.target.value as Template]);
              field.current?.focus();
            }}
          >
            <option value="">{t("act.noTemplate")}</option>
            {TEMPLATES.map((one) => (
              <option key={one} value={one}>
                {t(`template.${one}`)}
              </option>
            ))}
          </select>
        </Pick>
        {incident && (
          <Pick label={t("act.to")}>
            <select value={all ? "all" : "one"} onChange={(event) => setAll(event.target.value === "all")}>
              <option value="one">{t("act.one")}</option>
              <option value="all">{t("act.everyone")}</option>
            </select>
          </Pick>
        )}
      </div>
      <Field label={t("act.answer")} hint={t("act.answerHint", { language: language(report.language) })}>
        <textarea
          ref={field}
          rows={3}
          maxLength={LONGEST}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
      </Field>
      <p className={styles["ends"]}>
        <Button type="submit" kind="primary" disabled={busy || !text.trim()}>
          {t("act.send")}
        </Button>
      </p>
    </form>
  );
}

function Erase({ busy, erase }: { busy: boolean; erase: () => Promise<unknown> }) {
  const t = useTranslations("reports.act");
  const ui = useTranslations("ui");
  const [asked, setAsked] = useState(false);
  return (
    <>
      <p className={styles["ends"]}>
        <Button onClick={() => setAsked(true)}>{t("erase")}</Button>
      </p>
      {asked && (
        <Dialog title={t("eraseTitle")} onClose={() => setAsked(false)}>
          <div className={styles["form"]}>
            <p>{t("eraseText")}</p>
            <p className={styles["ends"]}>
              <Button
                kind="primary"
                disabled={busy}
                onClick={() =>
                  void erase().then(
                    () => setAsked(false),
                    () => undefined,
                  )
                }
              >
                {t("eraseDo")}
              </Button>
              <Button onClick={() => setAsked(false)}>{ui("cancel")}</Button>
            </p>
          </div>
        </Dialog>
      )}
    </>
  );
}
