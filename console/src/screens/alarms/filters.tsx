/** The filters above the list. */
import { type RefObject, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { Alarm } from "../../api/types";
import { Button } from "../../ui/button";
import styles from "./alarms.module.css";
import { type Filter, filterOf, isNarrow, KINDS, SEVERITIES, STATES } from "./filter";
import { useNarrow } from "./narrow";

interface Props {
  filter: Filter;
  set: (filter: Filter) => void;
  /** All that are known: their zones and assets are offered. */
  alarms: readonly Alarm[];
  search: RefObject<HTMLInputElement | null>;
  /** Back to the list. */
  leave: () => void;
}

export function Filters({ filter, set, alarms, search, leave }: Props) {
  const t = useTranslations("alarms.filter");
  const clear = useTranslations("alarms")("clear");
  const ui = useTranslations("ui");
  const narrow = useNarrow();
  const [more, setMore] = useState(false);
  const zones = useMemo(() => [...new Set(alarms.map((one) => one.zone).filter(Boolean))].sort(), [alarms]);
  const assets = useMemo(() => [...new Set(alarms.flatMap((one) => one.assets))].sort(), [alarms]);
  return (
    <search className={styles["filters"]} aria-label={t("label")}>
      <input
        ref={search}
        type="search"
        aria-label={t("text")}
        placeholder={t("textHint")}
        value={filter.text}
        onChange={(event) => set({ ...filter, text: event.target.value })}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== "Escape") return;
          event.preventDefault();
          leave();
        }}
      />
      {narrow && (
        <Button aria-expanded={more} onClick={() => setMore(!more)}>
          {t("more")}
        </Button>
      )}
      {(more || !narrow) && (
        <>
          <Chips
            label={t("state")}
            all={STATES}
            on={filter.states}
            text={(one) => ui(`alarmState.${one}`)}
            set={(states) => set({ ...filter, states })}
          />
          <Chips
            label={t("severity")}
            all={SEVERITIES}
            on={filter.severities}
            text={(one) => ui(`severity.${one}`)}
            set={(severities) => set({ ...filter, severities })}
          />
          <Chips
            label={t("kind")}
            all={KINDS}
            on={filter.kinds}
            text={(one) => ui(`kind.${one}`)}
            set={(kinds) => set({ ...filter, kinds })}
          />
          <Select label={t("zone")} all={zones} value={filter.zone} set={(zone) => set({ ...filter, zone })} />
          <Select label={t("asset")} all={assets} value={filter.asset} set={(asset) => set({ ...filter, asset })} />
        </>
      )}
      {isNarrow(filter) && <Button onClick={() => set(filterOf(new URLSearchParams()))}>{clear}</Button>}
    </search>
  );
}

interface ChipsProps<T extends string> {
  label: string;
  all: readonly T[];
  on: readonly T[];
  text: (one: T) => string;
  set: (on: T[]) => void;
}

function Chips<T extends string>({ label, all, on, text, set }: ChipsProps<T>) {
  return (
    <fieldset className={styles["chips"]}>
      <legend>{label}</legend>
      {all.map((one) => (
        <Button
          key={one}
          aria-pressed={on.includes(one)}
          onClick={() => set(all.filter((other) => on.includes(other) !== (other === one)))}
        >
          {text(one)}
        </Button>
      ))}
    </fieldset>
  );
}

interface SelectProps {
  label: string;
  all: readonly string[];
  value: string;
  set: (value: string) => void;
}

function Select({ label, all, value, set }: SelectProps) {
  const t = useTranslations("alarms.filter");
  const offered = value && !all.includes(value) ? [value, ...all] : all;
  return (
    <label className={styles["select"]}>
      {label}
      <select value={value} onChange={(event) => set(event.target.value)}>
        <option value="">{t("all")}</option>
        {offered.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
