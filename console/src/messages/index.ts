/** The texts: English comes with the page, other languages when they are chosen. Every key is checked by the compiler. */
import { messages as en, type Messages } from "./en";

export type { Messages };

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
/** How dates and numbers are written in a language: the day before the month, and 24 hours. */
export const LOCALES = { en: "en-GB", de: "de-DE" } as const;

const LOADERS: Record<Language, () => Promise<Messages>> = {
  en: () => Promise.resolve(en),
  de: () => import("./de").then((found) => found.messages),
};

/** The texts of a language. */
export function messagesOf(language: Language): Promise<Messages> {
  return LOADERS[language]();
}

export { en };

declare module "use-intl" {
  interface AppConfig {
    Locale: (typeof LOCALES)[Language];
    Messages: Messages;
  }
}
