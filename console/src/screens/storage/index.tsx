/** Storage: what is kept and for how long, how full the disk is and when it will be, the last backup. */
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import type { Storage as Told } from "../../api/types";
import { Fact, Facts, Panel, ScreenHead } from "../../ui/panel";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time, useDuration } from "../../ui/time";
import styles from "./storage.module.css";
import { outlook, sized } from "./words";

const REFRESH_MS = 10_000;
const STALE_BACKUP_S = 8 * 86_400;

export default function Storage() {
  const t = useTranslations("storage");
  const asked = useQuery({
    queryKey: ["storage"],
    queryFn: () => ask(api.GET("/api/v1/storage")),
    refetchInterval: REFRESH_MS,
  });
  return (
    <>
      <ScreenHead title={t("title")} />
      {asked.isPending && <Loading />}
      {asked.isError && <Failed error={asked.error} again={() => void asked.refetch()} />}
      {asked.data && (
        <div className={styles["screen"]}>
          <Disk told={asked.data} />
          <Backup told={asked.data} />
          <Parts told={asked.data} />
        </div>
      )}
    </>
  );
}

/** A size with its unit. */
export function Bytes({ n }: { n: number | null }) {
  const format = useFormatter();
  if (n === null) return <span>–</span>;
  const { value, unit, digits } = sized(n);
  return (
    <span className={styles["bytes"]} title={`${format.number(n)} B`}>
      {format.number(value, { maximumFractionDigits: digits })} {unit}
    </span>
  );
}

function Disk({ told }: { told: Told }) {
  const t = useTranslations("storage");
  const { disk } = told;
  const free = disk.free_bytes;
  const kind = outlook(told.growth_per_day, told.full_in_days, free);
  const days = told.full_in_days ?? 0;
  const used = free === null || !disk.total_bytes ? null : 1 - free / disk.total_bytes;
  return (
    <Panel title={t("disk")} className={styles["disk"]}>
      <p className={styles["headline"]} data-level={disk.level}>
        {t(`outlook.${kind}`, { days: Math.floor(days), hours: Math.floor(days * 24) })}
      </p>
      {disk.level !== "ok" && disk.level !== "unknown" && (
        <p role="alert" className={styles["warning"]}>
          <strong>{t(`level.${disk.level}.title`)}</strong> {t(`level.${disk.level}.means`)}
        </p>
      )}
      {used !== null && (
        <div
          className={styles["bar"]}
          role="img"
          aria-label={t("used", { share: used })}
          title={t("used", { share: used })}
        >
          <span style={{ width: `${used * 100}%` }} />
        </div>
      )}
      <Facts>
        <Fact term={t("free")}>
          <Bytes n={free} /> {disk.total_bytes !== null && <span className={styles["soft"]}>{t("of")} </span>}
          {disk.total_bytes !== null && <Bytes n={disk.total_bytes} />}
        </Fact>
        <Fact term={t("store")}>
          <Bytes n={told.measured ? told.bytes : null} />
        </Fact>
        <Fact term={t("growth")}>
          {told.growth_per_day === null ? t("measuring") : <Bytes n={told.growth_per_day} />}
        </Fact>
        {disk.spare_bytes > 0 && (
          <Fact term={t("spare")}>
            <Bytes n={disk.spare_bytes} />
          </Fact>
        )}
        {disk.reserve_bytes > 0 && (
          <Fact term={t("reserve")}>
            <Bytes n={disk.reserve_bytes} /> <span className={styles["soft"]}>{t("reserveWhy")}</span>
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

function Backup({ told }: { told: Told }) {
  const t = useTranslations("storage");
  const duration = useDuration();
  const { backup } = told;
  const old = backup !== null && backup.age_s > STALE_BACKUP_S;
  return (
    <Panel title={t("backup")}>
      {told.backup_unknown ? (
        <p className={styles["soft"]}>{told.backup_unknown}</p>
      ) : backup === null ? (
        <p className={styles["warning"]}>
          <strong>{t("noBackup")}</strong> {t("makeOne")}
        </p>
      ) : (
        <>
          <p className={styles["headline"]}>{t("backupAge", { age: duration(backup.age_s * 1000) })}</p>
          {old && <p className={styles["warning"]}>{t("oldBackup")}</p>}
          <Facts>
            <Fact term={t("at")}>
              <Time at={backup.at} zone />
            </Fact>
            <Fact term={t("to")}>
              <code>{backup.to}</code>
            </Fact>
            <Fact term={t("size")}>
              <Bytes n={backup.bytes} /> <span className={styles["soft"]}>{t("files", { n: backup.files })}</span>
            </Fact>
          </Facts>
        </>
      )}
    </Panel>
  );
}

function Parts({ told }: { told: Told }) {
  const t = useTranslations("storage");
  const format = useFormatter();
  const duration = useDuration();
  const most = Math.max(1, ...told.parts.map((part) => part.bytes));
  const key = (kind: string) => `part.${kind}` as "part.ingest";
  return (
    <Panel
      title={t("parts")}
      flush
      className={styles["parts"]}
      aside={
        <span className={styles["soft"]}>
          {told.measured && (
            <>
              {t("measured")} <Time at={told.measured} form="minute" zone />
            </>
          )}
        </span>
      }
    >
      {told.upkeep_failed && (
        <p role="alert" className={styles["failed"]}>
          <strong>{t("upkeepFailed")}</strong> {told.upkeep_failed}
        </p>
      )}
      {told.parts.length === 0 ? (
        <Empty>{t("notYet")}</Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
        <div className={styles["scroll"]} tabIndex={0}>
          <table className={styles["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("kind")}</th>
                <th scope="col" className={styles["number"]}>
                  {t("size")}
                </th>
                <th scope="col" className={styles["number"]}>
                  {t("count")}
                </th>
                <th scope="col">{t("oldest")}</th>
                <th scope="col">{t("keptFor")}</th>
              </tr>
            </thead>
            <tbody>
              {told.parts.map((part) => (
                <tr key={part.kind}>
                  <th scope="row">
                    {t.has(key(part.kind)) ? t(key(part.kind)) : part.kind}
                    <span className={styles["share"]} aria-hidden="true">
                      <span style={{ width: `${(100 * part.bytes) / most}%` }} />
                    </span>
                  </th>
                  <td className={styles["number"]}>
                    <Bytes n={part.bytes} />
                  </td>
                  <td className={styles["number"]}>{format.number(part.count)}</td>
                  <td>
                    <Time at={part.oldest} form="date" />
                  </td>
                  <td>{part.kept_days === null ? t("forEver") : duration(part.kept_days * 86_400_000)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
