/** The site: its assets, barriers, services and zones, how they hang together, and whether its files are in order. */
import { Suspense } from "react";
import { useTranslations } from "use-intl";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { may } from "../../api/session";
import { useSite } from "../../api/site";
import { ScreenHead } from "../../ui/panel";
import { part } from "../../ui/part";
import { Loading } from "../../ui/states";
import { AssetPage } from "./asset";
import { AssetBrowser } from "./assets";
import styles from "./site.module.css";

const Barriers = part(() => import("./barriers"));
const Services = part(() => import("./services"));
const Zones = part(() => import("./zones"));
const Graphs = part(() => import("./graph"));
const Check = part(() => import("./check"));

const PARTS = ["assets", "barriers", "services", "zones", "graph", "check"] as const;

export default function Site() {
  const t = useTranslations("site");
  const [place] = useLocation();
  const site = useSite();
  const shown = PARTS.filter((one) => one !== "check" || may("see.check") || may("see.decisions"));
  return (
    <>
      <ScreenHead title={site?.name ?? t("title")}>
        {site && <span className={styles["soft"]}>{t("about", { version: site.version })}</span>}
      </ScreenHead>
      <nav aria-label={t("sub")} className={styles["tabs"]}>
        {shown.map((one) => (
          <Link
            key={one}
            href={`/site/${one}`}
            aria-current={place.startsWith(`/site/${one}`) ? "page" : undefined}
            className={styles["tab"]}
          >
            {t(`parts.${one}`)}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/site">
            <Redirect to="/site/assets" replace />
          </Route>
          <Route path="/site/assets" component={AssetBrowser} />
          <Route path="/site/assets/:id">{({ id }) => <AssetPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/site/barriers" component={Barriers} />
          <Route path="/site/services" component={Services} />
          <Route path="/site/zones" component={Zones} />
          <Route path="/site/graph/:kind?" component={Graphs} />
          <Route path="/site/check" component={Check} />
        </Switch>
      </Suspense>
    </>
  );
}
