/** German texts, one file a screen. */
import type { Messages } from "../en";
import account from "./account.json";
import alarms from "./alarms.json";
import banner from "./banner.json";
import charts from "./charts.json";
import evidence from "./evidence.json";
import health from "./health.json";
import incidents from "./incidents.json";
import map from "./map.json";
import palette from "./palette.json";
import picture from "./picture.json";
import quarantine from "./quarantine.json";
import reasons from "./reasons.json";
import reports from "./reports.json";
import shell from "./shell.json";
import signals from "./signals.json";
import signin from "./signin.json";
import site from "./site.json";
import storage from "./storage.json";
import tour from "./tour.json";
import ui from "./ui.json";
import wall from "./wall.json";

export const messages: Messages = {
  account,
  alarms,
  banner,
  charts,
  evidence,
  health,
  incidents,
  map,
  palette,
  picture,
  quarantine,
  reasons,
  reports,
  shell,
  signals,
  signin,
  site,
  storage,
  tour,
  ui,
  wall,
};
