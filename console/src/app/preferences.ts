/** What one person likes on one browser: theme and language. */
import { Cell } from "../api/cell";
import { LANGUAGES, type Language } from "../messages";

export type Theme = "light" | "dark" | "system";

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(`infrastress.${key}`);
  } catch {
    return null; // storage is forbidden: it holds for this page alone
  }
};

/** Keep something for the next time, where the browser lets us. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`infrastress.${key}`, value);
  } catch {
    // it holds for this page alone
  }
}

/** What was kept; null where nothing was. */
export const kept = read;

const isLanguage = (value: string | null | undefined): value is Language => Boolean(value && value in LANGUAGES);
const spoken = () => navigator.languages.map((one) => one.slice(0, 2)).find(isLanguage);

const firstTheme = read("theme");
const firstLanguage = read("language");
export const theme = new Cell<Theme>(firstTheme === "light" || firstTheme === "dark" ? firstTheme : "system");
export const language = new Cell<Language>(isLanguage(firstLanguage) ? firstLanguage : (spoken() ?? "en"));

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that is shown: `system` resolved. */
export const shownTheme = new Cell<"light" | "dark">("light");

function show(): void {
  const chosen = theme.value === "system" ? (dark.matches ? "dark" : "light") : theme.value;
  document.documentElement.dataset["theme"] = chosen;
  shownTheme.set(chosen);
}

export function chooseTheme(chosen: Theme): void {
  keep("theme", chosen);
  theme.set(chosen);
  show();
}

export function chooseLanguage(chosen: Language): void {
  keep("language", chosen);
  language.set(chosen);
}

dark.addEventListener("change", show);
show();
