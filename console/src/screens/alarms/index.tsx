/** Alarms. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Alarms() {
  const t = useTranslations("alarms");
  return <ScreenHead title={t("title")} />;
}
