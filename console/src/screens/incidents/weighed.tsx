/** How sure, and from what: explanations, each piece of evidence with its weight, what may come next; worked out anew. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { useSite } from "../../api/site";
import type { IncidentDetail, IncidentWhy, WhyTopEvent } from "../../api/types";
import { assetPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { useWord } from "../../ui/word";
import shared from "./incidents.module.css";
import { Pieces } from "./pieces";
import { oneIn } from "./weight";
import styles from "./why.module.css";

const WORTH_TELLING = 0.01;

export function Weighed({ incident }: { incident: IncidentDetail }) {
  const t = useTranslations("incidents.weighed");
  const { id, revision } = incident;
  const asked = useQuery({
    queryKey: ["why", id, revision],
    queryFn: () => ask(api.GET("/api/v1/incidents/{incident}/why", { params: { path: { incident: id } } })),
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Panel
      title={
        <span id="weighed" className={shared["anchor"]}>
          {t("title")}
        </span>
      }
    >
      {asked.isPending && <Loading />}
      {asked.isError && <Failed error={asked.error} again={() => void asked.refetch()} />}
      {asked.data && <Whole why={asked.data} />}
    </Panel>
  );
}

function Whole({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  const percent = usePercent();
  const name = useExplanation();
  if (why.verdict === "unmodelled") {
    return <p>{t("unmodelled", { share: why.confidence })}</p>;
  }
  const main = why.explanations.find((one) => one.name === why.hypothesis);
  return (
    <div className={styles["why"]}>
      {main && (
        <p className={styles["lead"]}>
          {t.rich("lead", {
            what: name(main.name, main.text),
            share: percent(main.told),
            before: percent(main.prior),
            hours: why.horizon_h,
            b: (inner) => <strong>{inner}</strong>,
          })}
        </p>
      )}
      <Unmeasured why={why} />
      <Verdict verdict={why.verdict} />
      <Part title={t("explanations")}>
        <Explanations why={why} />
      </Part>
      <Part title={t("evidence", { what: name(why.hypothesis, why.hypothesis) })}>
        <Pieces why={why} />
      </Part>
      {why.top_events.length > 0 && (
        <Part title={t("topEvents")}>
          <TopEvents why={why} />
        </Part>
      )}
      {why.next_steps.length > 0 && (
        <Part title={t("next", { hours: why.window_h })}>
          <ol className={styles["steps"]}>
            {why.next_steps.map((step) => (
              <li key={step.text}>
                <Chance value={step.ahead} />
                <span>
                  {step.text} <span className={styles["soft"]}>{t("already", { share: percent(step.now) })}</span>
                </span>
              </li>
            ))}
          </ol>
        </Part>
      )}
      <Model why={why} />
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles["part"]}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** Whether the number came out again: by sign and in words. */
function Verdict({ verdict }: { verdict: Exclude<IncidentWhy["verdict"], "unmodelled"> }) {
  const t = useTranslations("incidents.weighed.verdict");
  const good = verdict === "same";
  return (
    <p className={styles["verdict"]} data-good={good}>
      <span aria-hidden="true">{good ? "=" : "≠"}</span> {t(verdict === "other model" ? "other" : verdict)}
    </p>
  );
}

/** What nobody measured counts as weak; where that is all there is, the number is a judgement. */
function Unmeasured({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  if (why.weak === 0) return null;
  return (
    <p className={styles["unmeasured"]}>
      {why.weak === why.evidence.length
        ? t("allWeak", { share: why.confidence })
        : t("someWeak", { n: why.weak, total: why.evidence.length })}
    </p>
  );
}

function Explanations({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  const sorted = useMemo(() => [...why.explanations].sort((one, other) => other.told - one.told), [why.explanations]);
  const told = sorted.filter((one) => one.told >= WORTH_TELLING);
  const rest = sorted.filter((one) => one.told < WORTH_TELLING);
  return (
    <>
      <Chances rows={told} />
      <p className={styles["soft"]}>{t("several")}</p>
      {rest.length > 0 && (
        <details>
          <summary>{t("unlikely", { n: rest.length })}</summary>
          <Chances rows={rest} />
        </details>
      )}
    </>
  );
}

function Chances({ rows }: { rows: IncidentWhy["explanations"] }) {
  const t = useTranslations("incidents.weighed");
  const name = useExplanation();
  const percent = usePercent();
  return (
    <ul className={styles["chances"]}>
      {rows.map((one) => (
        <li key={one.name}>
          <Chance value={one.told} />
          <span>
            {name(one.name, one.text)}{" "}
            <span className={styles["soft"]}>{t("before", { share: percent(one.prior) })}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A probability as a bar and a number. */
function Chance({ value }: { value: number }) {
  const percent = usePercent();
  return (
    <span className={styles["chance"]}>
      <i aria-hidden="true">
        <b style={{ width: `${(value * 100).toFixed(1)}%` }} />
      </i>
      <strong>{percent(value)}</strong>
    </span>
  );
}

function TopEvents({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  const percent = usePercent();
  const hazard = useHazard();
  return (
    <ul className={styles["chances"]}>
      {[...why.top_events]
        .sort((one, other) => other.probability - one.probability)
        .map((top) => (
          <li key={top.hazard}>
            <Chance value={top.probability} />
            <span>
              <SeverityMark severity={top.severity} text={false} /> {hazard(top)}{" "}
              <Link href={assetPath(top.asset)}>{top.asset}</Link>{" "}
              <span className={styles["soft"]}>
                {t("ahead", { hours: why.window_h, share: percent(top.ahead), before: percent(top.prior) })}
              </span>
            </span>
          </li>
        ))}
    </ul>
  );
}

/** With which model and which entries of the site file. */
function Model({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed.model");
  const version = (told: string, now: string) => (
    <>
      <code>{told}</code> {now && now !== told ? t.rich("now", { now, code: (inner) => <code>{inner}</code> }) : null}
    </>
  );
  return (
    <details className={styles["model"]}>
      <summary>{t("title", { n: why.fields.length })}</summary>
      <Facts>
        <Fact term={t("version")}>{version(why.model, why.model_now)}</Fact>
        <Fact term={t("site")}>{version(why.site, why.site_now)}</Fact>
        <Fact term={t("spans")}>{t("spansOf", { horizon: why.horizon_h, window: why.window_h })}</Fact>
        <Fact term={t("reference")}>
          <Time at={why.reference} zone />
        </Fact>
        <Fact term={t("unweighed")}>{t("unweighedOf", { n: why.unweighed })}</Fact>
        <Fact term={t("fields")}>
          <ul className={styles["fields"]}>
            {why.fields.map((field) => (
              <li key={field}>
                <code>{field}</code>
              </li>
            ))}
          </ul>
        </Fact>
      </Facts>
      <p className={styles["soft"]}>{t("bits")}</p>
    </details>
  );
}

/** A probability as people read it: never 0 or 100 %; what is small as "1 in N". */
function usePercent(): (value: number) => string {
  const t = useTranslations("incidents.weighed.share");
  const format = useFormatter();
  return (value) => {
    if (value >= 0.9995) return t("sure");
    if (value < 1e-6) return t("never");
    const n = oneIn(value);
    if (n !== null && value < WORTH_TELLING) return t("oneIn", { n });
    return format.number(value, { style: "percent", maximumFractionDigits: value > 0.99 ? 1 : 0 });
  };
}

/** What an explanation is called. */
function useExplanation(): (name: string, otherwise: string) => string {
  const word = useWord();
  return (name, otherwise) => word(`incidents.weighed.explanation.${name}`, otherwise);
}

/** What a hazard's top event is called, without its asset. */
function useHazard(): (top: WhyTopEvent) => string {
  const word = useWord();
  const site = useSite();
  return (top) => {
    const all: unknown = site?.model["hazards"];
    const known = Array.isArray(all) ? (all as { id: string; event: string }[]) : [];
    const event = known.find((one) => one.id === top.hazard)?.event ?? "";
    return word(`site.hazard.${event}`, event || top.hazard);
  };
}
