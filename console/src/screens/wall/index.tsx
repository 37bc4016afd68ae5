/** The wall: the picture for a large screen that nobody touches, read from five metres, for weeks.
 *
 * Nothing rotates away: what doesn't fit is counted. It goes on by itself after any cut, holds nothing but what stands
 * now, and is loaded anew once a day of the plant, so that a new version of the console comes to it too.
 */
import { type CSSProperties, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { useEventNow } from "../../api/clock";
import { link, pulse } from "../../api/live";
import { useSite } from "../../api/site";
import { SiteMap } from "../../ui/map";
import { Loading } from "../../ui/states";
import { Time, useDuration } from "../../ui/time";
import { Incidents, Sources, TopAlarms, Verdict } from "../picture/lists";
import { type Model, useModel } from "../picture/model";
import { abnormal, rankOf, unknownAssets } from "../picture/scene";
import { useLiveScene, useMarks } from "../picture/shown";
import { useWind } from "../picture/wind";
import styles from "./wall.module.css";

const RENEW_MS = 24 * 3_600_000;
const HIDE_CURSOR_MS = 3_000;
/** Height for which texts have their own size. */
const DESIGNED_PX = 1080;

export default function Wall() {
  const model = useModel();
  useRenewal();
  return model ? <Screen model={model} /> : <Loading />;
}

function Screen({ model }: { model: Model }) {
  const t = useTranslations("wall");
  const scene = useLiveScene();
  const now = useEventNow(1000);
  const marks = useMarks(model, scene);
  const span = { from: 0, to: 0 };
  const wind = useWind(model.signals, null, now, span);
  const factor = useFactor();
  useEffect(() => {
    // Spaces grow with the texts: the whole page is measured in rem.
    document.documentElement.style.fontSize = `${16 * factor}px`;
    return () => void document.documentElement.style.removeProperty("font-size");
  }, [factor]);
  const still = useStillCursor();
  const seen = [...abnormal(scene)].sort((a, b) => rankOf(b[1].severity) - rankOf(a[1].severity));
  return (
    <main className={styles["wall"]} style={sizes(factor)} data-still={still || undefined} aria-label={t("title")}>
      <Head />
      <div className={styles["verdict"]}>
        <Verdict scene={scene} />
      </div>
      <div className={styles["map"]}>
        <SiteMap
          plan={model.site.plan}
          label={t("plan")}
          diameters={model.diameters}
          marks={marks}
          unknown={unknownAssets(scene, model.signals)}
          wind={wind}
          source={scene.incidents[0]?.assets[0] ?? seen[0]?.[0] ?? null}
          fixed={1.8 * factor}
          names={false}
        />
      </div>
      <section className={styles["side"]} aria-label={t("wrong")}>
        <h2>{t("incidents", { n: scene.incidents.length })}</h2>
        <Incidents scene={scene} at={now} most={2} />
        <h2>{t("alarms", { n: scene.alarms.length })}</h2>
        <TopAlarms scene={scene} at={now} most={6} select={null} />
      </section>
      <footer className={styles["foot"]}>
        <Sources sources={scene.sources} />
      </footer>
    </main>
  );
}

/** Site, time, and whether what is shown still holds. */
function Head() {
  const t = useTranslations("wall");
  const shell = useTranslations("shell");
  const site = useSite();
  const now = useEventNow(1000);
  const state = useCell(link);
  const beat = useCell(pulse);
  const duration = useDuration();
  const heard = useLastHeard(state === "live");
  useEffect(() => {
    if (site) document.title = `${site.name} · infrastress`;
  }, [site]);
  const cut = state !== "live";
  const dead = Boolean(beat && !beat.fresh);
  return (
    <header className={styles["head"]}>
      <h1>{site?.name}</h1>
      {now !== null && <Time at={now} zone />}
      {(cut || dead) && (
        <p className={styles["stale"]} role="alert">
          {cut ? shell("link.cut") : shell("stale", { detail: beat?.detail ?? "" })}{" "}
          {cut && heard > 0 && t("silent", { age: duration(heard) })}
        </p>
      )}
    </header>
  );
}

/** For how long nothing has been heard, ms. */
function useLastHeard(live: boolean): number {
  const [silent, setSilent] = useState(0);
  useEffect(() => {
    setSilent(0);
    if (live) return undefined;
    const began = performance.now();
    const timer = setInterval(() => setSilent(performance.now() - began), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return silent;
}

/** How much larger everything is than on a screen of ordinary height. */
function useFactor(): number {
  const [factor, setFactor] = useState(() => innerHeight / DESIGNED_PX);
  useEffect(() => {
    const measure = () => setFactor(innerHeight / DESIGNED_PX);
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  return Math.max(factor, 0.75);
}

/** The sizes of the texts, as tokens, for everything on the wall. */
function sizes(factor: number): CSSProperties {
  const px = (size: number) => `${Math.round(size * factor)}px`;
  const tokens = { "--small": px(23), "--size": px(26), "--large": px(32), "--huge": px(40) };
  return { ...tokens, fontSize: px(26) } as CSSProperties;
}

/** The cursor goes when nothing has moved it. */
function useStillCursor(): boolean {
  const [still, setStill] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const moved = () => {
      setStill(false);
      clearTimeout(timer);
      timer = setTimeout(() => setStill(true), HIDE_CURSOR_MS);
    };
    addEventListener("pointermove", moved);
    return () => {
      clearTimeout(timer);
      removeEventListener("pointermove", moved);
    };
  }, []);
  return still;
}

/** Load the page anew once a day, when the server answers. */
function useRenewal() {
  useEffect(() => {
    const timer = setInterval(async () => {
      const answer = await fetch("/api/v1/health/live").catch(() => null);
      if (answer?.ok) location.reload();
    }, RENEW_MS);
    return () => clearInterval(timer);
  }, []);
}
