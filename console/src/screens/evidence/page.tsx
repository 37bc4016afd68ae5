/** One record: what it says, its place in the log, what it rests on, and the rule behind it. */
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { Link } from "wouter";
import { api, ask } from "../../api/client";
import { may } from "../../api/session";
import type { Card, Evidence } from "../../api/types";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../ui/button";
import { assetPath, evidencePath, incidentPath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { Fact, Facts, Panel, ScreenHead } from "../../ui/panel";
import { Parts } from "../../ui/parts";
import { useKeptScroll } from "../../ui/scroll";
import { SpanCharts } from "../../ui/spancharts";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import styles from "./evidence.module.css";
import { type Row, rowsOf } from "./fields";

const KINDS = [
  "detection",
  "alarm",
  "incident",
  "alarm_action",
  "incident_action",
  "inventory_action",
  "access",
  "login",
  "alert",
  "gas",
  "switch",
  "report",
  "tick",
] as const;

/** What a kind of record is called. */
export function useKindName(): (kind: string) => string {
  const t = useTranslations("evidence.kind");
  return (kind) => {
    const known = KINDS.find((one) => one === kind);
    return known ? t(known) : t("other", { kind });
  };
}

export function EvidencePage({ id }: { id: string }) {
  const t = useTranslations("evidence");
  const { data, error, refetch } = useQuery({
    queryKey: ["evidence", id],
    queryFn: () => ask(api.GET("/api/v1/evidence/{id}", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY, // a record never changes
  });
  useKeptScroll(evidencePath(id), data !== undefined);
  const back = () => window.history.back();
  useShortcuts([{ keys: "b", label: t("back"), run: back }]);
  return (
    <>
      <div className={styles["crumb"]}>
        <Button kind="bare" onClick={back}>
          ← {t("back")}
        </Button>
      </div>
      {data ? <Whole evidence={data} /> : error ? <Failed error={error} again={() => void refetch()} /> : <Loading />}
    </>
  );
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function Whole({ evidence }: { evidence: Evidence }) {
  const t = useTranslations("evidence");
  const named = useKindName();
  const body = (evidence.event["body"] ?? {}) as Record<string, unknown>;
  const said = text(body["sentence"]) || text(body["text"]) || text(body["why"]);
  const title = text(body["title"]) || evidence.card?.title || named(evidence.kind);
  return (
    <article className={styles["page"]}>
      <ScreenHead title={title}>
        <span className={styles["soft"]}>{named(evidence.kind)}</span>
        <Time at={text(evidence.event["occurred"])} zone />
      </ScreenHead>
      <div className={styles["columns"]}>
        <div className={styles["side"]}>
          {said && (
            <Panel title={t("says")}>
              <p className={styles["lead"]}>{said}</p>
            </Panel>
          )}
          <Pictures evidence={evidence} />
          {evidence.spans.length > 0 && <Signals evidence={evidence} />}
          <Rests evidence={evidence} />
          <Panel title={t("fields")}>
            <Fields rows={rowsOf(body)} />
          </Panel>
        </div>
        <div className={styles["side"]}>
          <Place evidence={evidence} />
          {evidence.card && <RuleCard card={evidence.card} />}
        </div>
      </div>
      <details className={styles["whole"]}>
        <summary>{t("whole")}</summary>
        <pre>{JSON.stringify(evidence.event, null, 2)}</pre>
      </details>
    </article>
  );
}

function Signals({ evidence }: { evidence: Evidence }) {
  const t = useTranslations("evidence");
  return (
    <Panel title={t("spans")}>
      <SpanCharts spans={evidence.spans} parts={evidence.parts} sync={evidence.id} />
      <Parts finding={{ parts: evidence.parts ?? [], spans: evidence.spans }} />
    </Panel>
  );
}

function Rests({ evidence }: { evidence: Evidence }) {
  const t = useTranslations("evidence");
  const named = useKindName();
  const known = evidence.raw ?? [];
  const ids = Object.keys(evidence.rests_on);
  const read = new Set(known.map((one) => one.id));
  const others = ids.filter((one) => !read.has(one)).slice(0, 20);
  const more = ids.length - known.length - others.length;
  return (
    <Panel title={t("rests")}>
      {ids.length === 0 && <Empty>{evidence.spans.length ? t("restsSignals") : t("restsNone")}</Empty>}
      <ul className={styles["rests"]}>
        {known.map((one) => (
          <li key={one.id}>
            <Link href={evidencePath(one.id)}>{named(one.kind)}</Link>
            <span>{one.source}</span>
            <Time at={one.occurred} />
          </li>
        ))}
        {others.map((one) => (
          <li key={one}>
            <Link href={evidencePath(one)}>
              <code>{one.slice(0, 16)}</code>
            </Link>
          </li>
        ))}
      </ul>
      {more > 0 && <p className={styles["soft"]}>{t("restsMore", { n: more })}</p>}
    </Panel>
  );
}

/** Pictures are shown, other files are offered; what looks like neither is still the server's to judge. */
function Pictures({ evidence }: { evidence: Evidence }) {
  const t = useTranslations("evidence");
  const blobs = Object.entries(evidence.blobs);
  if (blobs.length === 0) return null;
  if (!may("see.evidence")) {
    return (
      <Panel title={t("blobs")}>
        <Empty>{t("forbiddenBlobs")}</Empty>
      </Panel>
    );
  }
  return (
    <Panel title={t("blobs")}>
      {blobs.map(([digest, href], index) => (
        <figure key={digest} className={styles["figure"]}>
          <a href={href} target="_blank" rel="noreferrer">
            <img
              src={href}
              alt={t("picture", { n: index + 1 })}
              onError={(event) => event.currentTarget.remove()}
              loading="lazy"
            />
            <figcaption>
              <code>{t("file", { digest: digest.slice(0, 16) })}</code>
            </figcaption>
          </a>
        </figure>
      ))}
    </Panel>
  );
}

function Place({ evidence }: { evidence: Evidence }) {
  const t = useTranslations("evidence");
  const { event } = evidence;
  const uncertainty = Number(event["uncertainty_ns"] ?? 0) / 1e9;
  return (
    <Panel title={t("record")}>
      <Facts>
        <Fact term={t("source")}>{text(event["source"])}</Fact>
        <Fact term={t("occurred")}>
          <Time at={text(event["occurred"])} zone /> {uncertainty > 0 && t("uncertainty", { s: uncertainty })}
        </Fact>
        <Fact term={t("observed")}>
          <Time at={text(event["observed"])} zone />
        </Fact>
        {texts(event["assets"]).length > 0 && (
          <Fact term={t("assets")}>
            <span className={styles["links"]}>
              {texts(event["assets"])
                .slice(0, 12)
                .map((one) => (
                  <Link key={one} href={assetPath(one)}>
                    {one}
                  </Link>
                ))}
            </span>
          </Fact>
        )}
        {text(event["zone"]) && <Fact term={t("zone")}>{text(event["zone"])}</Fact>}
      </Facts>
      <h3 className={styles["sub"]}>{t("place")}</h3>
      <Facts>
        <Fact term={t("partition")}>
          <code>{evidence.partition}</code>
        </Fact>
        <Fact term={t("offset")}>{evidence.offset}</Fact>
        <Fact term={t("bytes")}>{evidence.bytes}</Fact>
        <Fact term={t("id")}>
          <code>{evidence.id}</code>
        </Fact>
        <Fact term={t("sha256")}>
          <code data-testid="sha256">{evidence.sha256}</code>
        </Fact>
      </Facts>
    </Panel>
  );
}

function Fields({ rows }: { rows: readonly Row[] }) {
  const t = useTranslations("evidence");
  return (
    <Facts>
      {rows.map((row) => (
        <Fact
          key={row.field}
          term={t.has(`field.${row.field}` as "field.rule") ? t(`field.${row.field}` as "field.rule") : row.field}
        >
          <FieldValue row={row} />
        </Fact>
      ))}
    </Facts>
  );
}

function FieldValue({ row }: { row: Row }) {
  const t = useTranslations("evidence");
  const kinds = useTranslations("ui.kind");
  const { field, value } = row;
  if (row.time) return <Time at={String(value)} zone />;
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (field === "incident" && value) return <Link href={incidentPath(value)}>{value}</Link>;
  if (field === "detection" && value) return <Link href={evidencePath(value)}>{value}</Link>;
  if (field === "severity" && value) return <SeverityMark severity={value as "high"} />;
  if (field === "source_kind" && value) return kinds(value as "telemetry");
  return <span className={styles["value"]}>{value ?? "–"}</span>;
}

function RuleCard({ card }: { card: Card }) {
  const t = useTranslations("evidence");
  return (
    <Panel title={t("card")}>
      <h3>{card.title}</h3>
      <Facts>
        <Fact term={t("means")}>{card.means}</Fact>
        <Fact term={t("against")}>{card.expected_against_seen}</Fact>
        <Fact term={t("first")}>
          <strong>{card.first_check}</strong>
        </Fact>
        {card.benign_causes.length > 0 && (
          <Fact term={t("benign")}>
            <ul className={styles["bullets"]}>
              {card.benign_causes.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </Fact>
        )}
        {card.techniques.length > 0 && (
          <Fact term={t("techniques")}>
            <code>{card.techniques.join(", ")}</code>
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}
