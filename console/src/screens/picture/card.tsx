/** The chosen asset: its alarms, what its signals say, and where to read on. */
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { Button } from "../../ui/button";
import { AlarmStateMark, SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Before } from "./lists";
import type { Model } from "./model";
import styles from "./picture.module.css";
import type { Span } from "./player";
import { type Scene, waits } from "./scene";
import { SignalValues } from "./signals";

interface Props {
  asset: string;
  model: Model;
  scene: Scene;
  at: number | null;
  now: number | null;
  span: Span;
  close: () => void;
}

export function AssetCard({ asset, model, scene, at, now, span, close }: Props) {
  const t = useTranslations("picture.card");
  const own = model.assets.get(asset);
  const alarms = scene.alarms.filter((one) => one.assets.includes(asset));
  const signals = model.signalsOf.get(asset) ?? [];
  const named = own?.name ? `${asset} · ${own.name}` : asset;
  return (
    <Panel title={named} aside={<Button onClick={close}>{t("close")}</Button>} className={styles["card"]}>
      <p className={styles["facts"]}>
        {own && <span>{own.type.replaceAll("_", " ")}</span>}
        {own?.zone && <span>{model.site.plan ? own.zone : ""}</span>}
        <Link href={`/site/assets/${encodeURIComponent(asset)}`}>{t("site")}</Link>
        <Link href={`/alarms?asset=${encodeURIComponent(asset)}`}>{t("alarms", { n: alarms.length })}</Link>
      </p>
      {alarms.length === 0 && <Empty>{t("quiet")}</Empty>}
      <ul className={styles["list"]}>
        {alarms.slice(0, 4).map((one) => (
          <li key={one.id} className={styles["alarm"]}>
            <SeverityMark severity={one.severity} text={false} calling={waits(one)} />
            <div>
              <Link href={`/alarms/${one.id}`} className={styles["title"]}>
                {one.title}
              </Link>
              <p className={styles["sentence"]}>{one.sentence}</p>
              <p className={styles["facts"]}>
                <AlarmStateMark state={one.state} />
                <Before at={at ?? now} then={one.raised} />
              </p>
            </div>
          </li>
        ))}
      </ul>
      {signals.length > 0 && <SignalValues signals={signals} at={at} now={now} span={span} />}
    </Panel>
  );
}
