/** Incidents. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Incidents() {
  const t = useTranslations("incidents");
  return <ScreenHead title={t("title")} />;
}
