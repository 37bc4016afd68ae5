/** Quarantine. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Quarantine() {
  const t = useTranslations("quarantine");
  return <ScreenHead title={t("title")} />;
}
