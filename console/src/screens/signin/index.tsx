/** Signing in; also where a session has ended, and where a one-time password must be replaced. */
import { useTranslations } from "use-intl";
import { ScreenHead } from "../../ui/panel";

export default function SignIn() {
  const t = useTranslations("signin");
  return <ScreenHead title={t("title")} />;
}
