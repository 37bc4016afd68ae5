/** Live picture. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Picture() {
  const t = useTranslations("picture");
  return <ScreenHead title={t("title")} />;
}
