/** What stands now, as the picture and the wall show it. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { useCell } from "../../api/cell";
import { alarms, health, incidents, link, pulse } from "../../api/live";
import type { Model } from "./model";
import { abnormal, marksOf, type Scene, sceneNow } from "./scene";

export function useLiveScene(): Scene {
  const [all, running, standing, beat, heard] = [
    useCell(alarms),
    useCell(incidents),
    useCell(health),
    useCell(pulse),
    useCell(link),
  ];
  const fresh = Boolean(beat?.fresh) && heard === "live";
  return useMemo(
    () => sceneNow(all.values(), running.values(), standing.values(), fresh),
    [all, running, standing, fresh],
  );
}

export function useMarks(model: Model, scene: Scene) {
  const t = useTranslations();
  return useMemo(
    () =>
      marksOf(abnormal(scene), model.zones, (seen) => {
        const words = { severity: t(`ui.severity.${seen.severity}`), n: seen.count };
        const how = seen.calling ? "calling" : "known";
        return { text: t(`picture.mark.${how}`, words), spoken: t(`picture.mark.${how}Spoken`, words) };
      }),
    [scene, model, t],
  );
}
