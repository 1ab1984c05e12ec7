// Which part of a sound a row shows: all of a short one, else the surroundings of the hit, so that it stays visible.

export interface Stretch {
  start_s: number;
  end_s: number;
}

export const WHOLE_UP_TO_S = 45;
const SURROUNDINGS_S = 30;

export function shownStretch(duration_s: number, span: Stretch): Stretch {
  if (duration_s <= WHOLE_UP_TO_S) return { start_s: 0, end_s: duration_s };
  const length = Math.min(duration_s, Math.max(SURROUNDINGS_S, (span.end_s - span.start_s) * 2));
  const middle = (span.start_s + span.end_s) / 2;
  const start_s = Math.min(Math.max(0, middle - length / 2), duration_s - length);
  return { start_s, end_s: start_s + length };
}

/** Place of a time in a stretch, 0 at its start, 1 at its end. */
export function share(stretch: Stretch, time_s: number): number {
  const length = stretch.end_s - stretch.start_s;
  return length > 0 ? (time_s - stretch.start_s) / length : 0;
}

export function timeAt(stretch: Stretch, place: number): number {
  return stretch.start_s + Math.min(1, Math.max(0, place)) * (stretch.end_s - stretch.start_s);
}

/** A span moved into the sound, at least `least_s` long where the sound is. */
export function within(duration_s: number, start_s: number, end_s: number, least_s = 0.05): Stretch {
  const start = Math.min(Math.max(0, Math.min(start_s, end_s)), Math.max(0, duration_s - least_s));
  return { start_s: start, end_s: Math.min(duration_s, Math.max(Math.max(start_s, end_s), start + least_s)) };
}
