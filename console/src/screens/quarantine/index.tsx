/** Quarantine: what was refused, in words; the messages as they came; trying and taking in again. */
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { Link, useSearchParams } from "wouter";
import { api, ask } from "../../api/client";
import type { RefusalReason } from "../../api/types";
import { Panel, ScreenHead } from "../../ui/panel";
import { useReasonName } from "../../ui/reason";
import { Empty, Failed, Loading } from "../../ui/states";
import { Detail } from "./detail";
import { Hours } from "./hours";
import styles from "./quarantine.module.css";

const REFRESH_MS = 5_000;

export default function Quarantine() {
  const t = useTranslations("quarantine");
  const [search, setSearch] = useSearchParams();
  const source = search.get("source");
  const reason = search.get("reason");
  const asked = useQuery({
    queryKey: ["quarantine"],
    queryFn: () => ask(api.GET("/api/v1/quarantine", { params: { query: { examples: 0 } } })),
    refetchInterval: REFRESH_MS,
  });
  const items = asked.data?.items ?? [];
  const sources = [...new Set(items.map((item) => item.source))];
  const shown = items.filter((item) => !source || item.source === source);
  const chosen = items.find((item) => item.source === source && item.reason === reason);
  return (
    <>
      <ScreenHead title={t("title")}>
        <label className={styles["filter"]}>
          {t("source")}
          <select
            value={source ?? ""}
            onChange={(event) => setSearch(event.target.value ? { source: event.target.value } : {})}
          >
            <option value="">{t("all")}</option>
            {[...new Set([...sources, ...(source ? [source] : [])])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </ScreenHead>
      <p className={styles["about"]}>{t("about")}</p>
      {asked.isPending && <Loading />}
      {asked.isError && <Failed error={asked.error} again={() => void asked.refetch()} />}
      {asked.isSuccess && items.length === 0 && <Empty>{t("empty")}</Empty>}
      {shown.length > 0 && (
        <div className={styles["columns"]} data-chosen={Boolean(chosen)}>
          <Panel title={t("refused")} flush>
            <Groups items={shown} chosen={chosen} />
          </Panel>
          {chosen ? (
            <Detail key={`${chosen.source}/${chosen.reason}`} item={chosen} />
          ) : (
            <Panel title={t("choose")}>
              <p className={styles["soft"]}>{t("chooseOne")}</p>
            </Panel>
          )}
        </div>
      )}
    </>
  );
}

/** Refusals by source and reason, those that can be read again first. */
function Groups({ items, chosen }: { items: RefusalReason[]; chosen: RefusalReason | undefined }) {
  const t = useTranslations("quarantine");
  const format = useFormatter();
  const name = useReasonName();
  const left = (item: RefusalReason) => item.rows + item.cells - (item.reingested ?? 0);
  const sorted = [...items].sort((a, b) => (b.messages ?? 0) - (a.messages ?? 0) || left(b) - left(a));
  return (
    <ul className={styles["groups"]}>
      {sorted.map((item) => (
        <li key={`${item.source}/${item.reason}`} aria-current={item === chosen ? "true" : undefined}>
          <Link
            href={`/quarantine?source=${encodeURIComponent(item.source)}&reason=${encodeURIComponent(item.reason)}`}
            className={styles["group"]}
          >
            <span className={styles["name"]}>
              <strong>{name(item.reason)}</strong>
              <span className={styles["soft"]}>{item.source}</span>
            </span>
            <span className={styles["counts"]}>
              <span>
                <b>{format.number(left(item))}</b> {t("left")}
              </span>
              <span className={styles["soft"]}>
                {t("ofRefused", { refused: item.rows + item.cells, taken: item.reingested ?? 0 })}
              </span>
              <span className={styles["soft"]}>{t("messages", { n: item.messages ?? 0 })}</span>
            </span>
            <Hours hours={item.by_hour ?? []} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
