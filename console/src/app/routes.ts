/** The screens: where each is, whether it stands in the navigation, and what is needed to see it. */
import type { IconName } from "../ui/icons";
import { type Part, part } from "../ui/part";

export interface Route {
  /** Name of the screen; its texts lie in `messages/<language>/<name>.json`, its code in `screens/<name>/`. */
  name:
    | "picture"
    | "alarms"
    | "incidents"
    | "reports"
    | "evidence"
    | "signals"
    | "health"
    | "quarantine"
    | "storage"
    | "site"
    | "account"
    | "wall";
  /** wouter path; `/*?` takes all below it, which the screen's own routes divide further. */
  path: string;
  screen: Part;
  permission?: string;
  /** Drawn in the navigation, in this order. */
  icon?: IconName;
  /** Without head and navigation. */
  bare?: boolean;
}

export const ROUTES: readonly Route[] = [
  {
    name: "picture",
    path: "/",
    screen: part(() => import("../screens/picture")),
    permission: "see.site",
    icon: "picture",
  },
  {
    name: "alarms",
    path: "/alarms/*?",
    screen: part(() => import("../screens/alarms")),
    permission: "see.alarms",
    icon: "alarms",
  },
  {
    name: "incidents",
    path: "/incidents/*?",
    screen: part(() => import("../screens/incidents")),
    permission: "see.alarms",
    icon: "incidents",
  },
  {
    name: "reports",
    path: "/reports/*?",
    screen: part(() => import("../screens/reports")),
    permission: "see.reports",
    icon: "reports",
  },
  {
    name: "signals",
    path: "/signals/*?",
    screen: part(() => import("../screens/signals")),
    permission: "see.process",
    icon: "signals",
  },
  {
    name: "health",
    path: "/health/*?",
    screen: part(() => import("../screens/health")),
    permission: "see.health",
    icon: "health",
  },
  {
    name: "site",
    path: "/site/*?",
    screen: part(() => import("../screens/site")),
    permission: "see.site",
    icon: "site",
  },
  {
    name: "evidence",
    path: "/evidence/*?",
    screen: part(() => import("../screens/evidence")),
    permission: "see.alarms",
  },
  {
    name: "quarantine",
    path: "/quarantine/*?",
    screen: part(() => import("../screens/quarantine")),
    permission: "see.quarantine",
  },
  { name: "storage", path: "/storage", screen: part(() => import("../screens/storage")), permission: "see.health" },
  { name: "account", path: "/account", screen: part(() => import("../screens/account")) },
  { name: "wall", path: "/wall", screen: part(() => import("../screens/wall")), permission: "see.site", bare: true },
];

/** Read the screen of an address before it is shown. */
export function screenAhead(place: string): void {
  const [, first] = place.split("/");
  ROUTES.find(({ path }) => path.split("/")[1] === first)?.screen.ahead();
}
