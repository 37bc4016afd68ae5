/** Health. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Health() {
  const t = useTranslations("health");
  return <ScreenHead title={t("title")} />;
}
