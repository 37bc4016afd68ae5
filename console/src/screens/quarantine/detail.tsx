/** One reason of one source: what it means, how to mend it, the messages, and reading them again. */
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { may } from "../../api/session";
import type { KeptMessage, RefusalReason } from "../../api/types";
import { Fact, Facts, Panel } from "../../ui/panel";
import { useReasonName, useReasonText } from "../../ui/reason";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { Again } from "./again";
import { fieldsOf } from "./fields";
import { marked } from "./marking";
import styles from "./quarantine.module.css";

const SHOWN = 10;

export function Detail({ item }: { item: RefusalReason }) {
  const t = useTranslations("quarantine");
  const name = useReasonName();
  return (
    <div className={styles["detail"]}>
      <Link href={`/quarantine?source=${encodeURIComponent(item.source)}`} className={styles["back"]}>
        ← {t("back")}
      </Link>
      <Panel title={name(item.reason)} aside={<code>{item.reason}</code>}>
        <Meaning item={item} />
      </Panel>
      <Panel title={t("again.title")}>
        <Again item={item} />
      </Panel>
      <Panel title={t("kept")} flush>
        <Messages item={item} />
      </Panel>
    </div>
  );
}

function Meaning({ item }: { item: RefusalReason }) {
  const t = useTranslations("quarantine");
  const format = useFormatter();
  const text = useReasonText();
  const health = useQuery({
    queryKey: ["health", "sources", item.source],
    queryFn: () => ask(api.GET("/api/v1/health/sources/{source}", { params: { path: { source: item.source } } })),
    enabled: may("see.health"),
    staleTime: 60_000,
  });
  const { file, fields } = fieldsOf(item.reason, health.data?.connector);
  const refused = item.rows + item.cells;
  return (
    <Facts>
      {(["means", "cause", "mend"] as const).map((part) => (
        <Fact key={part} term={t(part)}>
          {text(item.reason, part) || t("own")}
        </Fact>
      ))}
      {fields.length > 0 && (
        <Fact term={t("where")}>
          <p>{t("inFile", { file, source: item.source })}</p>
          <ul className={styles["fields"]}>
            {fields.map((field) => (
              <li key={field}>
                <code>{field}</code>
              </li>
            ))}
          </ul>
          <p className={styles["soft"]}>{t("reload")}</p>
        </Fact>
      )}
      <Fact term={t("refused")}>
        {t("sum", {
          rows: item.rows,
          cells: item.cells,
          taken: item.reingested ?? 0,
          left: refused - (item.reingested ?? 0),
        })}
      </Fact>
      {refused > (item.kept ?? 0) && (
        <Fact term={t("unkept")}>
          <b>{format.number(refused - (item.kept ?? 0))}</b> {t("unkeptWhy")}
        </Fact>
      )}
    </Facts>
  );
}

function Messages({ item }: { item: RefusalReason }) {
  const t = useTranslations("quarantine");
  const { source, reason } = item;
  const asked = useQuery({
    queryKey: ["quarantine", "messages", source, reason, item.messages],
    queryFn: () => ask(api.GET("/api/v1/quarantine/messages", { params: { query: { source, reason, limit: SHOWN } } })),
    placeholderData: (before) => before,
  });
  if (asked.isPending) return <Loading />;
  if (asked.isError) return <Failed error={asked.error} again={() => void asked.refetch()} />;
  if (asked.data.items.length === 0) return <Empty>{t("noneKept")}</Empty>;
  return (
    <>
      <ul className={styles["messages"]}>
        {asked.data.items.map((message) => (
          <li key={message.id}>
            <Message message={message} />
          </li>
        ))}
      </ul>
      {asked.data.total > asked.data.items.length && (
        <p className={styles["more"]}>{t("newest", { shown: asked.data.items.length, total: asked.data.total })}</p>
      )}
    </>
  );
}

function Message({ message }: { message: KeptMessage }) {
  const t = useTranslations("quarantine");
  const name = useReasonName();
  const about = Object.entries(message.about).filter(([key]) => key !== "form" && key !== "encoding");
  return (
    <article className={styles["message"]} aria-label={t("messageOf", { id: message.id })}>
      <p className={styles["soft"]}>
        <Time at={message.received} zone />
        {about.map(([key, value]) => (
          <span key={key}>
            {" · "}
            {t.has(`label.${key}` as "label.topic") ? t(`label.${key}` as "label.topic") : key} {value}
          </span>
        ))}
        <span> · {t("bytes", { n: message.size })}</span>
        {message.taken > 0 && <span> · {t("takenOf", { n: message.taken })}</span>}
      </p>
      {message.withheld ? (
        <p className={styles["soft"]}>{t("withheld")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long message is scrolled by keyboard
        <pre className={styles["raw"]} tabIndex={0}>
          {message.text === null
            ? message.hex
            : marked(message.text, message.faults).map((piece, i) =>
                piece.reason === null ? (
                  piece.text
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: pieces don't move
                  <mark key={i} title={name(piece.reason)}>
                    {piece.text}
                  </mark>
                ),
              )}
          {!message.whole && " …"}
        </pre>
      )}
      <ul className={styles["faults"]}>
        {message.faults.map((fault, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: faults don't move
          <li key={i}>
            {name(fault.reason)}: {fault.where} <code>{fault.what}</code>
          </li>
        ))}
      </ul>
    </article>
  );
}
