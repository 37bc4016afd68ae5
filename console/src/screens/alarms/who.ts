/** Who has an alarm, in words. */
import { useTranslations } from "use-intl";

const ROLE = "role:";

export function useWho(): (to: string) => string {
  const t = useTranslations("alarms");
  return (to) => (to.startsWith(ROLE) ? t("role", { role: to.slice(ROLE.length) }) : to);
}
