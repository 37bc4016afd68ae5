/** The frame of every screen: navigation, the plant's clock, whether we hear the server, and the screen itself. */
import { type ReactNode, Suspense, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { Link, Route, Switch, useLocation } from "wouter";
import { useCell } from "../api/cell";
import { useEventNow } from "../api/clock";
import { link, pulse } from "../api/live";
import { ApiProblem } from "../api/problem";
import { may, session } from "../api/session";
import { useSite } from "../api/site";
import { Icon } from "../ui/icons";
import { Failed, Loading } from "../ui/states";
import { Time } from "../ui/time";
import { Toasts } from "../ui/toast";
import { Held } from "./held";
import { ROUTES, type Route as Screen } from "./routes";
import styles from "./shell.module.css";
import { Banner, Mark, Palette, Tour } from "./slots";

/** A screen, or why it isn't for who sits here. */
function Guarded({ screen: { permission, screen: Inner } }: { screen: Screen }) {
  if (permission && !may(permission)) return <Failed error={new ApiProblem(403, "")} />;
  return <Inner />;
}

/** A screen that is read when first shown, and that takes nothing else with it when it throws. */
function Shown({ place, children }: { place: string; children: ReactNode }) {
  return (
    <Held place={place}>
      <Suspense fallback={<Loading />}>{children}</Suspense>
    </Held>
  );
}

export function Shell() {
  const [place] = useLocation();
  const bare = ROUTES.find((one) => one.bare && one.path === place);
  useEveryPageFromItsTop(place);
  if (bare) {
    return (
      <>
        <Mark />
        <Shown place={place}>
          <Guarded screen={bare} />
        </Shown>
      </>
    );
  }
  return <Framed place={place} />;
}

function Framed({ place }: { place: string }) {
  const t = useTranslations("shell");
  return (
    <div className={styles["shell"]}>
      <a className={styles["skip"]} href="#content">
        {t("skip")}
      </a>
      <Head />
      <Navigation />
      <main id="content" tabIndex={-1} className={styles["main"]}>
        <Shown place={place}>
          <Switch>
            {ROUTES.map((one) => (
              <Route key={one.name} path={one.path}>
                <Guarded screen={one} />
              </Route>
            ))}
            <Route>
              <p>{t("notFound")}</p>
              <Link href="/">{t("home")}</Link>
            </Route>
          </Switch>
        </Shown>
      </main>
      <Palette />
      <Tour />
      <Toasts />
    </div>
  );
}

/** A new screen begins at its top with the focus in it; going back keeps what the browser remembers. */
function useEveryPageFromItsTop(place: string) {
  const screen = place.split("/")[1];
  const before = useRef(screen);
  useEffect(() => {
    if (before.current !== screen) document.getElementById("content")?.focus({ preventScroll: true });
    before.current = screen;
  }, [screen]);
}

function Head() {
  const t = useTranslations("shell");
  const site = useSite();
  const now = useEventNow(1000);
  const who = useCell(session).info;
  useEffect(() => {
    if (site) document.title = `${site.name} · infrastress`;
  }, [site]);
  return (
    <header className={styles["head"]}>
      <div className={styles["line"]}>
        <Link href="/" className={styles["site"]}>
          {site?.name ?? t("noSite")}
        </Link>
        <div id="head-middle" className={styles["middle"]} />
        <div className={styles["end"]}>
          {now !== null && (
            <span className={styles["clock"]}>
              <Time at={now} form="full" zone />
            </span>
          )}
          <Link href="/account" className={styles["who"]}>
            <Icon name="account" />
            <span>{who?.name}</span>
          </Link>
        </div>
      </div>
      <Mark />
      <LinkState />
      <Banner />
    </header>
  );
}

/** Says loudly when what is shown may be old, and when nobody watches the plant. */
function LinkState() {
  const t = useTranslations("shell");
  const state = useCell(link);
  const beat = useCell(pulse);
  if (state === "cut") {
    return (
      <p className={styles["cut"]} role="alert">
        {t("link.cut")}
      </p>
    );
  }
  if (beat && !beat.fresh) {
    return (
      <p className={styles["cut"]} role="alert">
        {beat.age_s === null ? t("never") : t("stale", { detail: beat.detail })}
      </p>
    );
  }
  return null;
}

function Navigation() {
  const t = useTranslations();
  const [place] = useLocation();
  const shown = ROUTES.filter((one) => one.icon && (!one.permission || may(one.permission)));
  return (
    <nav className={styles["nav"]} aria-label={t("shell.navigation")}>
      {shown.map((one) => {
        const href = one.path.replace("/*?", "") || "/";
        const here = href === "/" ? place === "/" : place.startsWith(href);
        return (
          <Link key={one.name} href={href} aria-current={here ? "page" : undefined}>
            {one.icon && <Icon name={one.icon} />}
            <span>{t(`${one.name}.title`)}</span>
          </Link>
        );
      })}
    </nav>
  );
}
