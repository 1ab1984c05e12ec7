// Waveforms on a canvas.

import type { Peaks } from './api/types';

export interface Look {
  wave: string;
  lit: string;
}

const LEAST_PEAK = 0.12; // quieter sounds are drawn larger than they are, up to this

/** Draws peaks over the whole canvas; columns from `from` to `to` (shares of its width) in the lit colour. */
export function drawWave(canvas: HTMLCanvasElement, peaks: Peaks, from: number, to: number, look: Look): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const columns = peaks.max.length;
  const highest = Math.max(LEAST_PEAK, ...peaks.max, ...peaks.min.map((value) => -value));
  const middle = height / 2;
  const scale = (middle - 1) / highest;
  const thin = Math.max(1, height / 60);
  for (const lit of [false, true]) {
    context.fillStyle = lit ? look.lit : look.wave;
    context.beginPath();
    for (let x = 0; x < width; x++) {
      const place = (x + 0.5) / width;
      if ((place >= from && place <= to) !== lit) continue;
      const column = Math.min(columns - 1, Math.floor(place * columns));
      const top = middle - (peaks.max[column] ?? 0) * scale;
      const bottom = middle - (peaks.min[column] ?? 0) * scale;
      const tall = Math.max(thin, bottom - top);
      context.rect(x, (top + bottom - tall) / 2, 1, tall);
    }
    context.fill();
  }
}

/** A colour of the theme that holds now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
