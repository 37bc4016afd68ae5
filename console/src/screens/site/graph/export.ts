/** A drawn graph as a file: what the styles say is written into each element, so that it looks the same elsewhere. */
const PROPERTIES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
] as const;

export function saveSvg(drawn: SVGSVGElement, name: string): void {
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const originals = [drawn, ...drawn.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, index) => {
    const twin = copies[index];
    const seen = getComputedStyle(original);
    if (!twin) return;
    for (const property of PROPERTIES) twin.setAttribute(property, seen.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "style"]) twin.removeAttribute(attribute);
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(drawn.viewBox.baseVal.width));
  copy.setAttribute("height", String(drawn.viewBox.baseVal.height));
  copy.style.background = getComputedStyle(document.body).backgroundColor;
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
