/** Signals. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Signals() {
  const t = useTranslations("signals");
  return <ScreenHead title={t("title")} />;
}
