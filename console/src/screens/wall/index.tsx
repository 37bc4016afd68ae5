/** Wall. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Wall() {
  const t = useTranslations("wall");
  return <ScreenHead title={t("title")} />;
}
