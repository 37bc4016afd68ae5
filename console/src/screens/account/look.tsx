/** Theme and language: kept by this browser. */
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { chooseLanguage, chooseTheme, language, type Theme, theme } from "../../app/preferences";
import { LANGUAGES, type Language } from "../../messages";
import { Field } from "../../ui/field";
import styles from "./account.module.css";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function LookChoice({ compact = false }: { compact?: boolean }) {
  const t = useTranslations();
  const chosenTheme = useCell(theme);
  const chosenLanguage = useCell(language);
  return (
    <div className={compact ? styles["row"] : styles["stack"]}>
      <Field label={t("account.theme")}>
        <select value={chosenTheme} onChange={(event) => chooseTheme(event.target.value as Theme)}>
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {t(`shell.theme.${one}`)}
            </option>
          ))}
        </select>
      </Field>
      <Field label={t("account.language")}>
        <select value={chosenLanguage} onChange={(event) => chooseLanguage(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </Field>
    </div>
  );
}
