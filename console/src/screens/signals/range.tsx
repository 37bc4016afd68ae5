/** Which span is shown: the last so many minutes, or one of one's own; following the clock, or held. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useEventNow } from "../../api/clock";
import { useSite } from "../../api/site";
import { Button } from "../../ui/button";
import { follows, HOUR, MINUTE, PRESETS, spanOf, type View } from "../../ui/charts";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Time, zoneName } from "../../ui/time";
import styles from "./signals.module.css";
import { inZone, zoned } from "./zoned";

interface Props {
  view: View;
  onView: (view: View) => void;
}

export function Range({ view, onView }: Props) {
  const t = useTranslations("signals");
  const now = useEventNow(1000);
  const [asking, setAsking] = useState(false);
  const live = follows(view);
  const last = live ? view.last : null;
  const hold = () =>
    onView(live ? spanOf(view, Math.round(now ?? 0)) : { last: Math.min(view.to - view.from, 7 * 24 * HOUR) });
  return (
    <fieldset className={styles["range"]}>
      <legend className="sr-only">{t("range")}</legend>
      {PRESETS.map((preset) => (
        <Button key={preset} aria-pressed={last === preset} onClick={() => onView({ last: preset })}>
          {t(`presets.${preset / MINUTE}` as "presets.60")}
        </Button>
      ))}
      <Button aria-pressed={!live} onClick={() => setAsking(true)}>
        {live ? (
          t("own")
        ) : (
          <>
            <Time at={view.from} form="minute" /> – <Time at={view.to} form="minute" zone />
          </>
        )}
      </Button>
      <Button kind={live ? "quiet" : "primary"} onClick={hold} disabled={now === null}>
        {t(live ? "hold" : "live")}
      </Button>
      {asking && (
        <OwnSpan
          span={spanOf(view, Math.round(now ?? 0))}
          onClose={() => setAsking(false)}
          onSpan={(span) => {
            setAsking(false);
            onView(span);
          }}
        />
      )}
    </fieldset>
  );
}

interface OwnProps {
  span: { from: number; to: number };
  onSpan: (span: { from: number; to: number }) => void;
  onClose: () => void;
}

function OwnSpan({ span, onSpan, onClose }: OwnProps) {
  const t = useTranslations("signals");
  const ui = useTranslations("ui");
  const timeZone = useSite()?.time_zone ?? "UTC";
  const [from, setFrom] = useState(zoned(span.from, timeZone));
  const [to, setTo] = useState(zoned(span.to, timeZone));
  const [begin, end] = [inZone(from, timeZone), inZone(to, timeZone)];
  const fault = begin < end ? "" : t("ownFault");
  return (
    <Dialog title={t("ownTitle")} onClose={onClose}>
      <form
        className={styles["own"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (!fault) onSpan({ from: begin, to: end });
        }}
      >
        <Field label={t("from")} hint={t("zone", { zone: zoneName(timeZone, new Date(span.from)) })}>
          <input type="datetime-local" step={1} value={from} onChange={(event) => setFrom(event.target.value)} />
        </Field>
        <Field label={t("to")} fault={fault}>
          <input type="datetime-local" step={1} value={to} onChange={(event) => setTo(event.target.value)} />
        </Field>
        <div className={styles["acts"]}>
          <Button onClick={onClose}>{ui("cancel")}</Button>
          <Button type="submit" kind="primary" disabled={Boolean(fault)}>
            {t("show")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
