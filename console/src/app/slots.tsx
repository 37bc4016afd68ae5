/** What stands on every screen beside the shell itself. */
export { Banner } from "./banner";
export { Palette } from "./palette";
export { Tour } from "./tour";
export { Mark } from "./tour/mark";
