/** Everything at a glance: is the site watched, by what, and what keeps silent. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { api, ask } from "../../api/client";
import { link, pulse } from "../../api/live";
import type { PulseState } from "../../api/types";
import { HealthMark } from "../../ui/marks";
import { Fact, Facts, Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import { Age, Time, useDuration } from "../../ui/time";
import styles from "./health.module.css";
import { useSources } from "./reading";
import { Detectors, Processes, type ServiceHealth } from "./service";
import { shownState, watched, worstOf } from "./shown";
import { SourceTable } from "./table";

const REFRESH_MS = 5_000;

export function Overview() {
  const t = useTranslations("health");
  const { sources, own, error, again } = useSources();
  const service = useQuery({
    queryKey: ["service"],
    queryFn: () => ask(api.GET("/api/v1/health/service")),
    refetchInterval: REFRESH_MS,
  });
  if (error && !sources) return <Failed error={error} again={again} />;
  if (!sources) return <Loading />;
  return (
    <div className={styles["overview"]}>
      <Verdict service={service.data} worst={worstOf(sources.map((one) => one.state))} count={sources.length} />
      <Panel title={t("sources.title")} flush className={styles["wide"] ?? ""}>
        {sources.length === 0 && <p className={styles["pad"]}>{t("sources.none")}</p>}
        {sources.length > 0 && <SourceTable sources={sources} />}
        {own.length > 0 && <SourceTable sources={own} caption={t("sources.own")} />}
      </Panel>
      <Pulse service={service.data} />
      {service.error && !service.data && <Failed error={service.error} again={() => void service.refetch()} />}
      {service.data && <Processes service={service.data} />}
      {service.data && <Detectors service={service.data} />}
    </div>
  );
}

function Verdict({
  service,
  worst,
  count,
}: {
  service: ServiceHealth | undefined;
  worst: Parameters<typeof shownState>[0];
  count: number;
}) {
  const t = useTranslations("health");
  const state = useCell(link);
  const beat = useCell(pulse);
  const fine = service?.ready === true && watched(beat, state);
  const text = state !== "live" ? t("verdict.unknown") : fine ? t("verdict.watched") : t("verdict.unwatched");
  return (
    <section className={styles["verdict"]} data-fine={fine} aria-live="polite" aria-label={t("title")}>
      <p>
        <strong>{text}</strong>
      </p>
      <p className={styles["row"]}>
        {t("verdict.counts", { n: count })} <HealthMark state={worst} />
      </p>
      {!fine && service && state === "live" && (
        <ul>
          {service.reasons.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {service !== undefined && service.undelivered > 0 && (
        <p>{t("notifications.undelivered", { n: service.undelivered })}</p>
      )}
    </section>
  );
}

function Pulse({ service }: { service: ServiceHealth | undefined }) {
  const t = useTranslations("health.pulse");
  const duration = useDuration();
  const beat: PulseState | null = useCell(pulse);
  const state = useCell(link);
  const alive = watched(beat, state);
  const lag = beat?.lag_s ?? null;
  return (
    <Panel title={t("title")}>
      <Facts>
        <Fact term={t("state")}>
          <span className={styles["row"]}>
            <HealthMark state={shownState("live", alive)} text={false} />
            {alive ? t("fresh") : (beat?.detail ?? "") || t("stale")}
          </span>
        </Fact>
        <Fact term={t("age")}>{beat?.clock ? <Age at={beat.clock} /> : t("never")}</Fact>
        <Fact term={t("judged")}>
          <Time at={beat?.watermark} zone />
        </Fact>
        <Fact term={t("lag")}>{lag === null ? "–" : duration(lag * 1000)}</Fact>
        {service && (
          <Fact term={t("backlog")}>
            {t("backlogText", {
              detection: service.backlog["detection"] ?? 0,
              fusion: service.backlog["fusion"] ?? 0,
            })}
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}
