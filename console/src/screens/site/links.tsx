/** Links to what the site's screens speak of, each with the alarms that stand there now. */
import { Fragment, type ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { useSite } from "../../api/site";
import { SeverityMark } from "../../ui/marks";
import { type Open, useOpenByAsset } from "./open";
import styles from "./site.module.css";

/** Ids of the site's services: what a dependency names is one of them, or an asset. */
export function useServiceIds(): ReadonlySet<string> {
  const services = (useSite()?.model["services"] ?? []) as { id: string }[];
  return new Set(services.map((one) => one.id));
}

export function ThingLink({ id, open }: { id: string; open?: Map<string, Open> | undefined }) {
  const t = useTranslations("site");
  const services = useServiceIds();
  const now = open?.get(id);
  const href = services.has(id) ? "/site/services" : `/site/assets/${encodeURIComponent(id)}`;
  return (
    <span className={styles["marked"]}>
      <Link href={href}>{id}</Link>
      {now && (
        <span title={t("alarms", { n: now.count })}>
          <SeverityMark severity={now.worst} calling={now.calling} text={false} />
        </span>
      )}
    </span>
  );
}

/** Several, with commas between. */
export function ThingLinks({ ids }: { ids: readonly string[] }) {
  const open = useOpenByAsset();
  return (
    <>
      {ids.map((id, index) => (
        <Fragment key={id}>
          {index > 0 && ", "}
          <ThingLink id={id} open={open} />
        </Fragment>
      ))}
    </>
  );
}

/** What is said in a list, or that there is nothing. */
export function Lines({ children, none }: { children: ReactNode[]; none: string }) {
  return children.length > 0 ? (
    <ul className={styles["lines"]}>{children}</ul>
  ) : (
    <p className={styles["soft"]}>{none}</p>
  );
}
