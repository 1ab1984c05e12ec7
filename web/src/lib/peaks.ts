// Peaks of stretches, kept while they may be shown again.

import * as api from './api/client';
import type { Peaks } from './api/types';
import type { Stretch } from './pure/stretch';

const KEPT = 300;
const cache = new Map<string, Promise<Peaks>>();

/** One column a pixel, in steps of 100 so that a resized window asks rarely. */
export function peaksOf(lib: string, id: number, stretch: Stretch, width_px: number): Promise<Peaks> {
  const width = Math.min(2000, Math.max(100, Math.ceil(width_px / 100) * 100));
  const key = `${lib}/${id}/${stretch.start_s}-${stretch.end_s}/${width}`;
  const known = cache.get(key);
  if (known) return known;
  const peaks = api.peaks(lib, id, width, stretch.start_s, stretch.end_s);
  cache.set(key, peaks);
  peaks.catch(() => cache.delete(key));
  for (const old of [...cache.keys()].slice(0, -KEPT)) cache.delete(old);
  return peaks;
}
