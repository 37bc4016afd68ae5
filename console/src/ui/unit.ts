/** Units as people write them: the model names them in ASCII. */
const WRITTEN: Record<string, string> = { degC: "°C", degF: "°F", delta_degC: "K", percent: "%", "1": "" };

export function written(unit: string): string {
  return (
    WRITTEN[unit] ??
    unit
      .replace(/\bm3\b/g, "m³")
      .replace(/\bm2\b/g, "m²")
      .replace(/\*\*3/g, "³")
      .replace(/\*\*2/g, "²")
  );
}
