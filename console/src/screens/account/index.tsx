/** Account. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function Account() {
  const t = useTranslations("account");
  return <ScreenHead title={t("title")} />;
}
