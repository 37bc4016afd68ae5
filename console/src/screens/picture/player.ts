/** The time slider's state: live, or at a moment of the past, standing or playing. Pure. */
export interface Player {
  /** Unix ms of the moment shown; null: live. */
  at: number | null;
  playing: boolean;
  /** Event seconds a second. */
  speed: number;
}

export interface Span {
  from: number;
  to: number;
}

export type Move =
  | { do: "live" }
  | { do: "seek"; at: number }
  | { do: "step"; by: 1 | -1; changes: readonly number[] }
  | { do: "play" }
  | { do: "pause" }
  | { do: "speed"; speed: number }
  | { do: "pass"; ms: number };

export const SPEEDS = [1, 10, 60, 300] as const;
export const LIVE: Player = { at: null, playing: false, speed: 60 };

const within = (at: number, span: Span) => Math.min(Math.max(at, span.from), span.to);

/** The next state. From live, looking back begins at the end of the span. */
export function moved(player: Player, move: Move, span: Span): Player {
  const at = player.at ?? span.to;
  switch (move.do) {
    case "live":
      return { ...LIVE, speed: player.speed };
    case "seek":
      return { ...player, at: within(move.at, span) };
    case "step": {
      const next = move.by > 0 ? move.changes.find((one) => one > at) : move.changes.findLast((one) => one < at);
      return { ...player, at: within(next ?? (move.by > 0 ? span.to : span.from), span), playing: false };
    }
    case "play":
      return { ...player, at: at >= span.to ? span.from : at, playing: true };
    case "pause":
      return { ...player, at, playing: false };
    case "speed":
      return { ...player, speed: move.speed };
    case "pass": {
      if (player.at === null || !player.playing) return player;
      const next = player.at + move.ms * player.speed;
      return next >= span.to ? { ...player, at: span.to, playing: false } : { ...player, at: next };
    }
  }
}
