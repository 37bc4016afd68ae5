/** Storage. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Storage() {
  const t = useTranslations("storage");
  return <ScreenHead title={t("title")} />;
}
