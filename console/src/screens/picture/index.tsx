/** The live picture: what is wrong, where, how sure, what next, at a glance; and the last hours on the very same screen. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { useEventNow } from "../../api/clock";
import { may } from "../../api/session";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { SiteMap } from "../../ui/map";
import { Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import { Time, useDuration } from "../../ui/time";
import { AssetCard } from "./card";
import { Incidents, Sources, TopAlarms, Verdict } from "./lists";
import { type Model, useModel } from "./model";
import styles from "./picture.module.css";
import { type Replay, useReplay } from "./replay";
import { abnormal, rankOf, type Scene, sceneAt, unknownAssets } from "./scene";
import { useLiveScene, useMarks } from "./shown";
import { SignalValues } from "./signals";
import { Timeline, type TrackMark } from "./timeline";
import { useWind } from "./wind";

const TICKS = 400;
const KEY_ASSETS = 3;
const KEY_KINDS = new Set(["level", "flow", "pressure", "temperature", "gas"]);

export default function Picture() {
  const t = useTranslations("picture");
  const model = useModel();
  return (
    <>
      <h1 className="sr-only">{t("title")}</h1>
      {model ? <Screen model={model} /> : <Loading />}
    </>
  );
}

function Screen({ model }: { model: Model }) {
  const t = useTranslations("picture");
  const now = useEventNow(1000);
  const live = useLiveScene();
  const replay = useReplay(now);
  const { player, past, span } = replay;
  const at = player.at;
  const scene = useMemo(() => (at !== null && past ? sceneAt(past, at) : live), [at, past, live]);
  const [selected, setSelected] = useState<string | null>(null);
  const back = at !== null;
  const shownAt = at ?? now;

  useShortcuts([
    { keys: ",", label: t("slider.previous"), run: () => replay.move({ do: "step", by: -1, changes: replay.changes }) },
    { keys: ".", label: t("slider.next"), run: () => replay.move({ do: "step", by: 1, changes: replay.changes }) },
    { keys: "p", label: t("slider.playKey"), run: () => replay.move({ do: player.playing ? "pause" : "play" }) },
    { keys: "l", label: t("slider.live"), run: () => replay.move({ do: "live" }) },
    { keys: "Escape", label: t("card.close"), run: () => (selected ? setSelected(null) : replay.move({ do: "live" })) },
  ]);
  usePastFrame(back);
  const seen = useMemo(() => abnormal(scene), [scene]);
  const affected = useMemo(
    () => [...seen].sort((a, b) => rankOf(b[1].severity) - rankOf(a[1].severity)).map(([asset]) => asset),
    [seen],
  );
  return (
    <div className={styles["picture"]} data-past={back || undefined} data-stale={(!back && stale(live)) || undefined}>
      {back && <PastBanner replay={replay} now={now} live={live} />}
      <Verdict scene={scene} />
      <div className={styles["ground"]}>
        <Plan {...{ model, scene, selected, setSelected, at, now, replay, affected }} />
        <Timeline
          ready={now !== null}
          span={span}
          hours={replay.hours}
          player={player}
          marks={useTrack(replay, live)}
          changes={replay.changes}
          reading={replay.reading}
          move={replay.move}
          look={replay.look}
        />
      </div>
      <div className={styles["side"]}>
        {Boolean(replay.error) && <Failed error={replay.error} again={replay.again} />}
        {selected && (
          <AssetCard asset={selected} close={() => setSelected(null)} {...{ model, scene, at, now, span }} />
        )}
        <Panel title={t("incidents", { n: scene.incidents.length })} aside={<Link href="/incidents">{t("all")}</Link>}>
          <Incidents scene={scene} at={shownAt} most={4} />
          {!back && scene.incidents[0] && <Next incident={scene.incidents[0].id} />}
        </Panel>
        <Panel title={t("alarms", { n: scene.alarms.length })} aside={<Link href="/alarms">{t("all")}</Link>}>
          <TopAlarms scene={scene} at={shownAt} most={6} select={setSelected} />
        </Panel>
        <KeySignals {...{ model, affected, at, now, span }} />
      </div>
      <Panel title={t("sources")} aside={<Link href="/health">{t("all")}</Link>} className={styles["strip"]}>
        <Sources sources={scene.sources} />
      </Panel>
    </div>
  );
}

const stale = (scene: Scene) => scene.sources.length > 0 && scene.sources.every((one) => one.state === "unknown");

/** The frame around the whole page says that this is the past, on whatever part of it one looks. */
function usePastFrame(back: boolean) {
  useEffect(() => {
    if (back) document.documentElement.dataset["past"] = "";
    else delete document.documentElement.dataset["past"];
    return () => void delete document.documentElement.dataset["past"];
  }, [back]);
}

interface PlanProps {
  model: Model;
  scene: Scene;
  selected: string | null;
  setSelected: (asset: string | null) => void;
  at: number | null;
  now: number | null;
  replay: Replay;
  affected: readonly string[];
}

function Plan({ model, scene, selected, setSelected, at, now, replay, affected }: PlanProps) {
  const t = useTranslations("picture");
  const marks = useMarks(model, scene);
  const unknown = useMemo(() => unknownAssets(scene, model.signals), [scene, model]);
  const wind = useWind(model.signals, at, now, replay.span);
  const source = scene.incidents[0]?.assets[0] ?? affected[0] ?? null;
  return (
    <div className={styles["map"]}>
      <SiteMap
        plan={model.site.plan}
        label={t("plan")}
        diameters={model.diameters}
        marks={marks}
        unknown={unknown}
        selected={selected}
        onSelect={setSelected}
        wind={wind}
        source={source}
      />
    </div>
  );
}

/** Why the worst incident is thought to be one, and so what to look at next. */
function Next({ incident }: { incident: string }) {
  const t = useTranslations("picture");
  const { data } = useQuery({
    queryKey: ["incident-why", incident],
    queryFn: () => ask(api.GET("/api/v1/incidents/{incident}", { params: { path: { incident } } })),
    refetchInterval: 30_000,
    enabled: may("see.alarms"),
  });
  if (!data?.why) return null;
  return (
    <p className={styles["why"]}>
      <strong>{t("why")}</strong> {data.why}
    </p>
  );
}

function KeySignals(props: {
  model: Model;
  affected: readonly string[];
  at: number | null;
  now: number | null;
  span: Replay["span"];
}) {
  const t = useTranslations("picture");
  const { model, affected, at, now, span } = props;
  const signals = useMemo(
    () =>
      affected
        .filter((asset) => model.signalsOf.get(asset)?.some((one) => KEY_KINDS.has(one.kind)))
        .slice(0, KEY_ASSETS)
        .flatMap((asset) => (model.signalsOf.get(asset) ?? []).filter((one) => KEY_KINDS.has(one.kind))),
    [model, affected],
  );
  if (!signals.length || !may("see.process")) return null;
  return (
    <Panel title={t("keySignals")}>
      <SignalValues signals={signals} at={at} now={now} span={span} />
    </Panel>
  );
}

/** Says that this is the past, how old it is, what has happened since, and how to get back. */
function PastBanner({ replay, now, live }: { replay: Replay; now: number | null; live: Scene }) {
  const t = useTranslations("picture.past");
  const duration = useDuration();
  const { player, span, past } = replay;
  const since = live.alarms.filter((one) => one.annunciated && one.raised > span.to).length;
  const whole = past ? Date.parse(past.whole_from) : 0;
  return (
    <div className={styles["banner"]} role="alert" data-testid="past">
      <strong>{t("title")}</strong>
      <Time at={player.at} zone />
      {now !== null && player.at !== null && <span>{t("age", { age: duration(now - player.at) })}</span>}
      {replay.reading && <span>{t("reading")}</span>}
      {past && whole > span.from && (
        <span>
          {t("whole")} <Time at={whole} form="minute" />
        </span>
      )}
      {past && past.step_s > 0 && <span>{t("thinned", { n: past.left_out, s: past.step_s })}</span>}
      {since > 0 && <strong>{t("since", { n: since })}</strong>}
      <Button kind="primary" onClick={() => replay.move({ do: "live" })}>
        {t("back")}
      </Button>
    </div>
  );
}

/** Marks of incidents and alarms on the track: from what is known now, or from the past that was read. */
function useTrack(replay: Replay, live: Scene): TrackMark[] {
  const { past, span } = replay;
  return useMemo(() => {
    if (!past) {
      return [
        ...live.incidents.map((one) => ({
          id: one.id,
          from: one.began,
          to: span.to,
          severity: one.severity,
          title: one.title,
        })),
        ...live.alarms.map((one) => ({
          id: one.id,
          from: one.raised,
          to: one.raised,
          severity: one.severity,
          title: null,
        })),
      ]
        .filter((one) => one.to >= span.from)
        .slice(0, TICKS);
    }
    const found: TrackMark[] = [];
    for (const one of past.incidents) {
      const last = one.versions.at(-1);
      if (!last || last.superseded_by) continue;
      const end = last.state === "closed" ? last.at_ms : span.to;
      found.push({
        id: one.id,
        from: one.versions[0]?.at_ms ?? end,
        to: end,
        severity: last.severity,
        title: last.title,
      });
    }
    for (const one of past.alarms) {
      const [first, last] = [one.versions[0], one.versions.at(-1)];
      if (first && last)
        found.push({ id: one.id, from: first.at_ms, to: first.at_ms, severity: last.severity, title: null });
    }
    return found.slice(0, TICKS);
  }, [past, span, live]);
}
