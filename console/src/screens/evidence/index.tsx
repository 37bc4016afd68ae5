/** Evidence: any record of the log, as it lies there, and what it rests on. */
import { useTranslations } from "use-intl";
import { Route, Switch } from "wouter";
import { ScreenHead } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { EvidencePage } from "./page";

export default function Evidence() {
  const t = useTranslations("evidence");
  return (
    <Switch>
      <Route path="/evidence/:id">{({ id }) => <EvidencePage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route>
        <ScreenHead title={t("title")} />
        <Empty>{t("none")}</Empty>
      </Route>
    </Switch>
  );
}
