/** Pieces of evidence by what each does to the odds: a bar to the right speaks for it, one to the left against. */
import { useFormatter, useTranslations } from "use-intl";
import { Link } from "wouter";
import { useCell } from "../../api/cell";
import { alarms } from "../../api/live";
import type { IncidentWhy, WhyEvidence } from "../../api/types";
import { evidencePath } from "../../ui/link";
import { SeverityMark } from "../../ui/marks";
import { lengthOf, pushOf } from "./weight";
import styles from "./why.module.css";

const SHOWN = 12;

const keyOf = (piece: WhyEvidence) => [piece.alarm, piece.detector, piece.rule, piece.about].join(" ");

export function Pieces({ why }: { why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  const moving = why.evidence.filter((one) => pushOf(one.bits).way !== "none");
  const first = moving.slice(0, SHOWN);
  const rest = [...moving.slice(SHOWN), ...why.evidence.filter((one) => pushOf(one.bits).way === "none")];
  return (
    <>
      {first.length > 0 ? <List pieces={first} why={why} /> : <p>{t("noEvidence")}</p>}
      {rest.length > 0 && (
        <details>
          <summary>{t("redundant", { n: rest.length })}</summary>
          <List pieces={rest} why={why} />
        </details>
      )}
      <p className={styles["soft"]}>{t("beside", { hours: why.window_h })}</p>
    </>
  );
}

function List({ pieces, why }: { pieces: readonly WhyEvidence[]; why: IncidentWhy }) {
  return (
    <ul className={styles["pieces"]}>
      {pieces.map((piece) => (
        <Piece key={keyOf(piece)} piece={piece} why={why} />
      ))}
    </ul>
  );
}

function Piece({ piece, why }: { piece: WhyEvidence; why: IncidentWhy }) {
  const t = useTranslations("incidents.weighed");
  const format = useFormatter();
  const { way, times } = pushOf(piece.bits);
  const length = `${(lengthOf(piece.bits, why.evidence) * 50).toFixed(1)}%`;
  const share = (value: number) => format.number(value, { style: "percent", maximumSignificantDigits: 2 });
  const bits = format.number(piece.bits, { signDisplay: "exceptZero", maximumFractionDigits: 1 });
  return (
    <li>
      <p className={styles["what"]}>
        <What piece={piece} />
      </p>
      <p className={styles["push"]}>
        <span className={styles["bar"]} aria-hidden="true">
          <i
            data-way={way}
            style={way === "against" ? { right: "50%", width: length } : { left: "50%", width: length }}
          />
        </span>
        <strong>{t("push", { way, times })}</strong>
        <span className={styles["soft"]}>{t("bits", { bits })}</span>
      </p>
      <p className={styles["rates"]}>
        {[
          t("rates", { tpr: share(piece.tpr), fpr: share(piece.fpr), basis: piece.basis, on: piece.rests_on }),
          piece.fault !== null && t("ofFaults", { share: share(piece.fault) }),
          piece.work !== null && t("ofWork", { share: share(piece.work) }),
          piece.freshness < 0.995 && t("faded", { share: piece.freshness }),
          piece.also > 0 && t("also", { n: piece.also }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </li>
  );
}

/** The alarm by its title, with the way to its evidence; a sensor that is silent by its rule. */
function What({ piece }: { piece: WhyEvidence }) {
  const t = useTranslations("incidents.weighed");
  const alarm = useCell(alarms).get(piece.alarm ?? "");
  const rule = <span className={styles["soft"]}>{`${piece.detector} · ${piece.rule}`}</span>;
  if (!piece.alarm) {
    return (
      <>
        {t("silent", { places: piece.assets.join(", ") || "none" })} {rule}
      </>
    );
  }
  if (!alarm) {
    const href = `/alarms/${encodeURIComponent(piece.alarm)}`;
    return (
      <>
        <Link href={href}>{t("alarm", { places: piece.assets.join(", ") || "none" })}</Link> {rule}
      </>
    );
  }
  return (
    <>
      <SeverityMark severity={alarm.severity} text={false} />{" "}
      <Link href={evidencePath(alarm.evidence)}>{alarm.title}</Link> {rule}
    </>
  );
}
