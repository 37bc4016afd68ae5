/** Evidence. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Evidence() {
  const t = useTranslations("evidence");
  return <ScreenHead title={t("title")} />;
}
