/** What stands on every screen beside the shell itself. */
export { Banner } from "./banner/banner";
export { Palette } from "./palette";
export { Tour } from "./tour";
export { Mark } from "./tour/mark";
