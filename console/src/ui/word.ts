/** Words for what the server names: its name in the language shown, or the name itself where there is none. */
import { useTranslations } from "use-intl";

export function useWord(): (key: string, otherwise: string) => string {
  const t = useTranslations();
  return (key, otherwise) => (t.has(key as Parameters<typeof t.has>[0]) ? t(key as never) : otherwise);
}
