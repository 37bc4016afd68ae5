/** What an asset hangs together with: neighbours, dependencies up and down, hazards and barriers, interlocks. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { useDuration } from "../../ui/time";
import { written } from "../../ui/unit";
import { useWord } from "../../ui/word";
import { BarrierLine } from "./barrier";
import { Lines, ThingLink, ThingLinks } from "./links";
import { useOpenByAsset } from "./open";
import styles from "./site.module.css";
import type { Lost, Need, Relations } from "./types";

export function RelationPanels({ relations }: { relations: Relations }) {
  const t = useTranslations("site");
  return (
    <>
      <Panel title={t("services.dependencies")}>
        <div className={styles["stack"]}>
          <section>
            <h3>{t("asset.needs")}</h3>
            <Lines none={t("asset.noNeeds")}>
              {relations.needs.map((one) => (
                <NeedLine key={one.id} need={one} />
              ))}
            </Lines>
          </section>
          <section>
            <h3>{t("asset.neededBy")}</h3>
            <Lines none={t("asset.noNeeds")}>
              {relations.needed_by.map((one) => (
                <NeedLine key={one.id} need={one} up />
              ))}
            </Lines>
          </section>
          <section>
            <h3>{t("asset.lost")}</h3>
            <Lines none={t("asset.nothingLost")}>
              {relations.lost_with.map((one) => (
                <LostLine key={one.id} lost={one} />
              ))}
            </Lines>
          </section>
        </div>
      </Panel>
      <Panel title={t("parts.barriers")}>
        <Lines none={t("barriers.none")}>
          {relations.barriers.map((one) => (
            <BarrierLine key={one.id} barrier={one} />
          ))}
        </Lines>
      </Panel>
      <Hazards relations={relations} />
      <Neighbours relations={relations} />
      <Interlocks relations={relations} />
    </>
  );
}

/** A need from below, or from above with who is in need before it. */
export function NeedLine({ need, up = false }: { need: Need; up?: boolean }) {
  const t = useTranslations("site.asset");
  const duration = useDuration();
  const list = () => <ThingLinks ids={need.on} />;
  return (
    <li>
      {up && (
        <>
          <ThingLink id={need.of} />
          <span aria-hidden="true">←</span>
        </>
      )}
      <span>
        {need.on.length === 1 ? list() : need.logic === "all" ? t.rich("all", { list }) : t.rich("any", { list })}
      </span>
      <span className={styles["soft"]}>
        {need.buffer_h > 0 ? t("buffer", { h: duration(need.buffer_h * 3_600_000) }) : t("noBuffer")}
      </span>
    </li>
  );
}

export function LostLine({ lost }: { lost: Lost }) {
  const t = useTranslations("site.asset");
  const duration = useDuration();
  return (
    <li>
      <ThingLink id={lost.id} />
      <span>{lost.name}</span>
      <span className={styles["soft"]}>
        {lost.after_h > 0 ? t("after", { h: duration(lost.after_h * 3_600_000) }) : t("atOnce")}
      </span>
    </li>
  );
}

function Hazards({ relations }: { relations: Relations }) {
  const t = useTranslations("site");
  const word = useWord();
  return (
    <Panel title={t("asset.hazards")}>
      <Lines none={t("asset.noHazards")}>
        {relations.hazards.map((one) => (
          <li key={one.id}>
            <SeverityMark severity={one.severity} />
            <span>{word(`site.hazard.${one.event}`, one.event)}</span>
            <span className={styles["soft"]}>
              {one.barriers.length > 0
                ? t.rich("asset.against", { list: () => <Link href="/site/barriers">{one.barriers.join(", ")}</Link> })
                : t("asset.noBarrier")}
            </span>
          </li>
        ))}
      </Lines>
    </Panel>
  );
}

function Neighbours({ relations }: { relations: Relations }) {
  const t = useTranslations("site.asset");
  const word = useWord();
  const open = useOpenByAsset();
  return (
    <Panel title={t("neighbours")}>
      <Lines none={t("noNeighbours")}>
        {relations.neighbours.map((one) => (
          <li key={one.asset}>
            <ThingLink id={one.asset} open={open} />
            <span>{one.name || word(`site.type.${one.type}`, one.type)}</span>
            <span className={styles["soft"]}>{t(`relation.${one.relation}`)}</span>
          </li>
        ))}
      </Lines>
    </Panel>
  );
}

function Interlocks({ relations }: { relations: Relations }) {
  const t = useTranslations("site.asset");
  const format = useFormatter();
  const duration = useDuration();
  const signal = (id: string) => <Link href={`/signals/${encodeURIComponent(id)}`}>{id}</Link>;
  return (
    <Panel title={t("interlocks")}>
      <Lines none={t("noInterlocks")}>
        {relations.interlocks.map((one) => (
          <li key={one.id}>
            <span>
              {t.rich("interlock", {
                signal: () => signal(one.signal),
                actuator: () => signal(one.actuator),
                comparison: t(`comparison.${one.comparison}`),
                value: `${format.number(one.value)} ${written(one.unit)}`.trim(),
                state: t(`mustBe.${one.must_be}`),
                time: duration(one.within_s * 1000),
              })}
            </span>
            {one.bypass && (
              <span className={styles["soft"]}>{t.rich("bypass", { signal: () => signal(one.bypass ?? "") })}</span>
            )}
          </li>
        ))}
      </Lines>
    </Panel>
  );
}
