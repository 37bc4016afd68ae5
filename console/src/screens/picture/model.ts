/** What the picture needs of the site model, which the API gives as plain JSON. */
import { useMemo } from "react";
import { useSite } from "../../api/site";
import type { Site } from "../../api/types";
import type { SignalOf } from "./scene";

export interface AssetOf {
  id: string;
  name?: string;
  type: string;
  zone?: string;
  diameter_m?: number;
}

export interface Model {
  site: Site;
  assets: ReadonlyMap<string, AssetOf>;
  signals: readonly SignalOf[];
  signalsOf: ReadonlyMap<string, readonly SignalOf[]>;
  zones: ReadonlyMap<string, string>;
  diameters: ReadonlyMap<string, number>;
}

export function useModel(): Model | null {
  const site = useSite();
  return useMemo(() => {
    if (!site) return null;
    const model = site.model as { assets?: AssetOf[]; signals?: SignalOf[] };
    const assets = model.assets ?? [];
    const signals = model.signals ?? [];
    const signalsOf = new Map<string, SignalOf[]>();
    for (const one of signals) signalsOf.set(one.asset, [...(signalsOf.get(one.asset) ?? []), one]);
    return {
      site,
      assets: new Map(assets.map((one) => [one.id, one])),
      signals,
      signalsOf,
      zones: new Map(assets.flatMap((one) => (one.zone ? [[one.id, one.zone] as const] : []))),
      diameters: new Map(assets.flatMap((one) => (one.diameter_m ? [[one.id, one.diameter_m] as const] : []))),
    };
  }, [site]);
}
