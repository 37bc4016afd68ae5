/** Site. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Site() {
  const t = useTranslations("site");
  return <ScreenHead title={t("title")} />;
}
