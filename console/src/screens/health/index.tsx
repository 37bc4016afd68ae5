/** Health: how sources and the service itself stand, what was decided and done, who was told. */
import { Suspense } from "react";
import { useTranslations } from "use-intl";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { may } from "../../api/session";
import { ScreenHead } from "../../ui/panel";
import { part } from "../../ui/part";
import { Loading } from "../../ui/states";
import tabs from "../site/site.module.css";
import { Overview } from "./overview";

const SourcePage = part(() => import("./source"));
const Decisions = part(() => import("./decisions"));
const Notifications = part(() => import("./notifications"));

const PARTS = [
  { name: "overview", href: "/health", needs: "see.health" },
  { name: "decisions", href: "/health/decisions", needs: "see.decisions" },
  { name: "notifications", href: "/health/notifications", needs: "see.alarms" },
  { name: "quarantine", href: "/quarantine", needs: "see.quarantine" },
  { name: "storage", href: "/storage", needs: "see.health" },
] as const;

export default function Health() {
  const t = useTranslations("health");
  const [place] = useLocation();
  return (
    <>
      <ScreenHead title={t("title")} />
      <nav aria-label={t("sub")} className={tabs["tabs"]}>
        {PARTS.filter((one) => may(one.needs)).map((one) => (
          <Link
            key={one.name}
            href={one.href}
            className={tabs["tab"]}
            aria-current={place === one.href ? "page" : undefined}
          >
            {t(`parts.${one.name}`)}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/health" component={Overview} />
          <Route path="/health/sources/:id">{({ id }) => <SourcePage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/health/decisions" component={Decisions} />
          <Route path="/health/notifications" component={Notifications} />
          <Route>
            <Redirect to="/health" replace />
          </Route>
        </Switch>
      </Suspense>
    </>
  );
}
