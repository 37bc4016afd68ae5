/** The map of the site, to be imported by any screen. */
export { type MapProps, type Mark, SiteMap, type Spot, type Wind } from "./site-map";
