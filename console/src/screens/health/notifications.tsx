/** Who was told outside of the screens, and who should have been and wasn't. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Link, useSearchParams } from "wouter";
import { api, ask } from "../../api/client";
import type { Notification, Severity } from "../../api/types";
import { Button } from "../../ui/button";
import { SeverityMark } from "../../ui/marks";
import { Panel } from "../../ui/panel";
import { Failed, Loading } from "../../ui/states";
import table from "../../ui/table.module.css";
import { Time } from "../../ui/time";
import { Flag } from "./flag";
import styles from "./health.module.css";
import { More } from "./more";

const REFRESH_MS = 10_000;
const SEVERITIES: readonly string[] = ["critical", "high", "medium", "low", "info"];

export default function Notifications() {
  const t = useTranslations("health.notifications");
  const [params, setParams] = useSearchParams();
  const undelivered = params.get("undelivered") === "1";
  const list = useInfiniteQuery({
    queryKey: ["notifications", undelivered],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET("/api/v1/notifications", {
          params: {
            query: { ...(undelivered ? { undelivered } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: REFRESH_MS,
  });
  const { data, error, refetch } = list;
  const items = (data?.pages.flatMap((page) => page.items) ?? []) as Notification[];
  const missing = data?.pages[0]?.undelivered ?? 0;
  return (
    <Panel
      title={data ? t("undelivered", { n: missing }) : t("what")}
      aside={
        <Button aria-pressed={undelivered} onClick={() => setParams(undelivered ? {} : { undelivered: "1" })}>
          {t("filter")}
        </Button>
      }
      flush
    >
      {error && !data && <Failed error={error} again={() => void refetch()} />}
      {!error && !data && <Loading />}
      {data && items.length === 0 && <p className={styles["pad"]}>{undelivered ? t("noneUndelivered") : t("none")}</p>}
      {items.length > 0 && (
        <div className={table["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">{t("made")}</th>
                <th scope="col">{t("state")}</th>
                <th scope="col">{t("what")}</th>
                <th scope="col">{t("channel")}</th>
                <th scope="col" className={table["number"]}>
                  {t("attempts")}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.id + one.channel} message={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More list={list} label={t("more")} />
    </Panel>
  );
}

function Row({ message }: { message: Notification }) {
  const t = useTranslations("health.notifications");
  const [subject] = message.subjects;
  const id = subject?.split("/").at(-1) ?? "";
  const href =
    message.kind === "incident" || message.kind === "alarm" ? `/${message.kind}s/${encodeURIComponent(id)}` : null;
  return (
    <tr>
      <td>
        <Time at={message.created} />
      </td>
      <td>
        <Flag bad={message.undelivered}>{t(`states.${message.state}`)}</Flag>
        {message.reason && <div className={styles["soft"]}>{message.reason}</div>}
      </td>
      <th scope="row">
        <span className={styles["row"]}>
          {SEVERITIES.includes(message.severity) && (
            <SeverityMark severity={message.severity as Severity} text={false} />
          )}
          {href && id ? <Link href={href}>{message.title}</Link> : message.title}
        </span>
        <div className={styles["soft"]}>{t(`kinds.${message.kind}`)}</div>
      </th>
      <td>{message.channel}</td>
      <td className={table["number"]}>{message.attempts}</td>
    </tr>
  );
}
