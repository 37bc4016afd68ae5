/** Whether the site's files are in order: the model in force, the folder as it is on disk now, and what was changed. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { api, ask } from "../../api/client";
import { may } from "../../api/session";
import { useSite } from "../../api/site";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { say, sayFailed } from "../../ui/toast";
import { ChangesPanel } from "./changes";
import styles from "./site.module.css";
import type { Fault } from "./types";

/** As `infrastress check` prints it. */
export function lineOf(fault: Fault): string {
  const item = fault.item ? ` (${fault.item})` : "";
  const place = fault.field ? ` ${fault.field}${item}:` : "";
  const hint = fault.suggestion ? `; ${fault.suggestion}` : "";
  return `${fault.file}:${fault.line}: ${fault.severity}:${place} ${fault.found}; expected ${fault.expected}${hint}`;
}

export default function Check() {
  const t = useTranslations("site.check");
  const site = useSite();
  return (
    <div className={styles["columns"]}>
      {may("see.check") && <FolderPanel />}
      <Panel
        title={t("inForce")}
        aside={<span className={styles["soft"]}>{site && t("version", { version: site.version })}</span>}
        flush
      >
        {site && <Faults faults={site.faults} none={t("inForceNone")} />}
      </Panel>
      {may("see.decisions") && <ChangesPanel />}
    </div>
  );
}

function FolderPanel() {
  const t = useTranslations("site.check");
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["site-check"],
    queryFn: () => ask(api.GET("/api/v1/site/check")),
    staleTime: 0,
  });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText((data?.faults ?? []).map(lineOf).join("\n"));
      say(t("copied"));
    } catch (failure) {
      sayFailed(t("copyFailed"), failure);
    }
  };
  const many = (severity: Fault["severity"]) => data?.faults.filter((one) => one.severity === severity).length ?? 0;
  return (
    <Panel
      title={t("folder")}
      aside={
        <>
          {data && data.faults.length > 0 && <Button onClick={() => void copy()}>{t("copy")}</Button>}
          <Button onClick={() => void refetch()} disabled={isFetching}>
            {isFetching ? t("checking") : t("again")}
          </Button>
        </>
      }
      flush
    >
      {error && <Failed error={error} again={() => void refetch()} />}
      {!error && !data && <Loading />}
      {data && (
        <>
          <div className={styles["fault"]} role="status">
            <strong>{!data.ok ? t("bad") : data.changed.length > 0 ? t("ok") : t("same")}</strong>
            <span>
              {t("errors", { n: many("error") })}, {t("warnings", { n: many("warning") })}
              {data.version && ` · ${t("version", { version: data.version })}`} · {t("at")}{" "}
              <Time at={data.at} form="time" zone />
            </span>
            {data.changed.length > 0 && <span>{t("changes", { list: data.changed.join(", ") })}</span>}
            {(!data.ok || data.changed.length > 0) && (
              <span className={styles["soft"]}>
                {t("remedy")}: {data.remedy}
              </span>
            )}
          </div>
          <Faults faults={data.faults} none="" />
          {data.notes.length > 0 && (
            <div className={styles["fault"]}>
              <h3>{t("notes")}</h3>
              <ul className={styles["lines"]}>
                {data.notes.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

function Faults({ faults, none }: { faults: readonly Fault[]; none: string }) {
  const t = useTranslations("site.check");
  if (faults.length === 0) return none ? <p className={styles["empty"]}>{none}</p> : null;
  return (
    <ul>
      {faults.map((one) => (
        <li key={lineOf(one)} className={styles["fault"]} data-severity={one.severity}>
          <span>
            <strong>{one.severity === "error" ? t("error") : t("warning")}</strong>{" "}
            <code>
              {one.file}:{one.line}
            </code>{" "}
            {one.field && <code>{one.field}</code>} {one.item && <span>({one.item})</span>}
          </span>
          <span>
            {t("found")}: <code>{one.found}</code>
          </span>
          <span>
            {t("expected")}: {one.expected}
          </span>
          {one.suggestion && (
            <span>
              {t("hint")}: {one.suggestion}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
