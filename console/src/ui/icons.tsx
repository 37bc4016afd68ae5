/** The few pictograms of the shell, drawn here so that none is fetched. */
const PATHS = {
  picture: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14",
  alarms: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  incidents: "M12 3l9 17H3zM12 9v5M12 17v.01",
  reports: "M4 4h16v12H10l-5 4v-4H4zM8 8.500h8M8 12h5",
  signals: "M3 12h4l3-8 4 16 3-8h4",
  health: "M12 20S4 15 4 9a4.500 4.500 0 0 1 8-2.500A4.500 4.500 0 0 1 20 9c0 6-8 11-8 11z",
  site: "M3 21V9l6 4V9l6 4V4h6v17zM8 17h.01M13 17h.01M18 17h.01",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
  sound: "M4 10v4h4l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  muted: "M4 10v4h4l5 4V6l-5 4zM16 9.500l5 5M21 9.500l-5 5",
  back: "M6 5v14M19 5 9 12l10 7z",
  forth: "M18 5v14M5 5l10 7-10 7z",
  play: "M7 4l13 8-13 8z",
  pause: "M8 4v16M16 4v16",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 24 24" width="1.25em" height="1.25em" aria-hidden="true" fill="none" stroke="currentColor">
      <path d={PATHS[name]} strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
