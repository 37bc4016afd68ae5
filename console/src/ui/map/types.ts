/** What a screen tells the map beside the plan. */
import type { Severity } from "../../api/types";

/** An asset that stands out: drawn by colour, shape and text. */
export interface Mark {
  asset: string;
  /** Zone it stands in: where it is drawn when it has no place of its own. */
  zone?: string | null;
  /** Of its worst open alarm; `unknown` where nothing is wrong but nobody knows how it stands. */
  severity: Severity | "unknown";
  /** An alarm of it waits for someone. */
  calling: boolean;
  /** What stands beside its id, such as "High · 2". */
  text: string;
  /** The same for those who hear it, such as "High, 2 alarms, unacknowledged". */
  spoken?: string;
}

/** A place off the model, such as where somebody reported from. */
export interface Spot {
  /** Stands beside it where it is the one that is looked at. */
  id: string;
  longitude: number;
  latitude: number;
  chosen: boolean;
}

export interface Wind {
  /** Where it comes from, degrees from north over east. */
  from: number;
  /** In words, with speed and age. */
  text: string;
  /** Too old to act on. */
  stale: boolean;
}

export interface MapProps {
  /** `plan` of `GET /api/v1/site`. */
  plan: unknown;
  /** What the map is called, for those who hear it. */
  label: string;
  /** Diameters of round assets, metres by id (tanks of the site model). */
  diameters?: ReadonlyMap<string, number>;
  marks?: readonly Mark[];
  /** Assets of which nothing is known: hatched. */
  unknown?: ReadonlySet<string>;
  /** Id of the asset that is chosen. */
  selected?: string | null;
  onSelect?: (asset: string | null) => void;
  wind?: Wind | null;
  /** Where what may be released is; with a wind that isn't stale, the sector downwind of it is hinted. */
  source?: string | null;
  /** Drawn where the plan knows where on earth it lies; the whole of the plan then holds the chosen ones too. */
  spots?: readonly Spot[];
  /** For walls: nothing can be moved or chosen, and texts are larger by this factor. */
  fixed?: number;
  /** Whether assets that don't stand out have their ids beside them, where there is room. */
  names?: boolean;
}
