/** One alarm beside the list: what was seen, what it means, what to check first, what was done, and the way to the evidence. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { type Action, open } from "../../api/alarms";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { alarms, incidents } from "../../api/live";
import { may } from "../../api/session";
import type { Act, Alarm, AlarmDetail } from "../../api/types";
import { askToAct } from "../../app/acting/acting";
import { Button } from "../../ui/button";
import { AlarmStateMark, SeverityMark } from "../../ui/marks";
import { Fact, Facts } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import styles from "./alarms.module.css";
import { useWho } from "./who";

const ACTIONS: readonly Action[] = ["acknowledge", "assign", "shelve", "unshelve"];

export function Detail({ id, close }: { id: string; close: () => void }) {
  const t = useTranslations("alarms.detail");
  const newest = useCell(alarms).get(id);
  const done = newest?.pending?.length ?? 0;
  const detail = useQuery({
    queryKey: ["alarm", id, newest?.version, newest?.assigned_to, done],
    queryFn: () => ask(api.GET("/api/v1/alarms/{alarm}", { params: { path: { alarm: id } } })),
    placeholderData: (before) => (before?.id === id ? before : undefined),
  });
  const alarm = detail.data && { ...plain(detail.data), ...newest };
  return (
    <section className={styles["detail"]} aria-label={alarm?.title ?? id}>
      <header>
        <h2>{alarm?.title ?? id}</h2>
        <Button kind="bare" onClick={close} aria-label={t("close")}>
          ✕
        </Button>
      </header>
      {detail.isError && !alarm && <Failed error={detail.error} again={() => void detail.refetch()} />}
      {!detail.isError && !alarm && <Loading />}
      {alarm && <Body alarm={alarm} />}
    </section>
  );
}

type Whole = Alarm & Pick<AlarmDetail, "acts" | "card">;

/** What the document leaves out where it is nothing, filled in. */
function plain(detail: AlarmDetail): Whole {
  const { assigned_to = null, group = "", last_raised = null, pending = [], realarmed = false } = detail;
  return { ...detail, assigned_to, group, last_raised, pending, realarmed };
}

function Body({ alarm }: { alarm: Whole }) {
  const t = useTranslations("alarms.detail");
  const text = useTranslations("alarms");
  const incident = useCell(incidents).get(alarm.incident ?? "");
  const who = useWho();
  const { card } = alarm;
  return (
    <div className={styles["facts"]}>
      <p className={styles["marks"]}>
        <SeverityMark severity={alarm.severity} /> <span>{text("priority", { priority: alarm.priority })}</span>
        <AlarmStateMark state={alarm.state} pending={Boolean(alarm.pending?.length)} />
        {alarm.realarmed && <strong>{text("again")}</strong>}
      </p>
      {may("act.alarms") && (
        <p className={styles["marks"]}>
          {ACTIONS.filter((action) => open(action, [alarm]).length).map((action) => (
            <Button key={action} onClick={() => askToAct(action, [alarm])}>
              {text(`action.${action}`)}
            </Button>
          ))}
        </p>
      )}
      <Part title={t("sentence")}>
        <p>{alarm.sentence}</p>
        {alarm.chattering && <p>{t("chattering")}</p>}
      </Part>
      {card && (
        <>
          <Part title={t("first")}>
            <p>{card.first_check}</p>
          </Part>
          <Part title={t("means")}>
            <p>{card.means}</p>
          </Part>
          <Part title={t("benign")}>
            <ul className={styles["bullets"]}>
              {card.benign_causes.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </Part>
        </>
      )}
      <Facts>
        <Fact term={t("who")}>{alarm.assigned_to ? who(alarm.assigned_to) : t("nobody")}</Fact>
        {alarm.incident && (
          <Fact term={t("incident")}>
            <Link href={`/incidents/${encodeURIComponent(alarm.incident)}`}>{incident?.title ?? t("toIncident")}</Link>
          </Fact>
        )}
        <Fact term={t("assets")}>
          {alarm.assets.map((one) => (
            <Link key={one} href={`/site/assets/${encodeURIComponent(one)}`} className={styles["spaced"]}>
              {one}
            </Link>
          ))}
        </Fact>
        {may("see.process") && <Signals assets={alarm.assets} />}
        <Fact term={t("lastRaised")}>
          <Time at={alarm.last_raised ?? alarm.raised} zone />
        </Fact>
        <Fact term={t("raised")}>
          <Time at={alarm.raised} zone />
        </Fact>
        <Fact term={t("count")}>{text("times", { n: alarm.count })}</Fact>
        <Fact term={t("cleared")}>{alarm.cleared ? t("gone2") : t("stands")}</Fact>
        <Fact term={t("rule")}>
          <code>{alarm.rule}</code>
        </Fact>
        <Fact term={t("evidence")}>
          <Link href={`/evidence/${encodeURIComponent(alarm.evidence)}`}>{t("toEvidence")}</Link>
        </Fact>
      </Facts>
      <Part title={t("acts")}>
        {alarm.acts.length === 0 && <p>{t("noActs")}</p>}
        <ol className={styles["acts"]}>
          {alarm.acts.map((one) => (
            <Done key={one.id} act={one} />
          ))}
        </ol>
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Done({ act }: { act: Act }) {
  const t = useTranslations("alarms.detail");
  const who = useWho();
  return (
    <li>
      <p>
        <Time at={act.at} /> {t(`did.${act.action}`, { by: act.by, to: act.to ? who(act.to) : t("nobody") })}
        {act.until && (
          <>
            {" "}
            {t("until")} <Time at={act.until} form="minute" />
          </>
        )}
        {(act.together ?? 1) > 1 && ` · ${t("together", { n: act.together ?? 1 })}`}
        {!act.taken && ` · ${t("pending")}`}
      </p>
      {act.comment && <p className={styles["comment"]}>{act.comment}</p>}
    </li>
  );
}

const SIGNALS = 12;

function Signals({ assets }: { assets: readonly string[] }) {
  const t = useTranslations("alarms.detail");
  const found = useQuery({
    queryKey: ["signals of", ...assets],
    queryFn: async () => {
      const read = (asset: string) => ask(api.GET("/api/v1/signals", { params: { query: { asset, limit: SIGNALS } } }));
      return (await Promise.all(assets.slice(0, 4).map(read))).flatMap((page) => page.items);
    },
    staleTime: 60_000,
  });
  if (!found.data?.length) return null;
  return (
    <Fact term={t("signals")}>
      {found.data.map((one) => (
        <Link key={one.id} href={`/signals/${encodeURIComponent(one.id)}`} className={styles["spaced"]}>
          {one.id}
        </Link>
      ))}
    </Fact>
  );
}
