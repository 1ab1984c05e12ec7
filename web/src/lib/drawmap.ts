// The map on a canvas.

import type { MapAnswer } from './api/types';
import { colour } from './draw';
import { toScreen, type Camera } from './pure/camera';

type Points = NonNullable<MapAnswer['points']>;
type Groups = NonNullable<MapAnswer['groups']>;

export interface MapLook {
  dark: boolean;
  /** Ids that a search found; the others are dimmed where there are any. */
  lit: ReadonlySet<number>;
  /** Index of the point under the pointer or the keys, or -1. */
  current: number;
}

/** A colour for each group, far from those of the numbers next to it (golden angle), all of one lightness. */
export function groupColour(group: number, dark: boolean): string {
  const hue = ((30 + 137.508 * group) % 360).toFixed(0);
  return group < 0 ? (dark ? '#7d8990' : '#7a8287') : dark ? `oklch(0.77 0.12 ${hue})` : `oklch(0.56 0.14 ${hue})`;
}

export function drawMap(canvas: HTMLCanvasElement, camera: Camera, points: Points, groups: Groups, look: MapLook): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const radius = Math.min(9, Math.max(2, (3.2 * Math.sqrt(camera.scale / 600)) / Math.max(1, Math.log10(points.id.length) - 2)));
  drawPoints(context, camera, points, look, radius);
  drawNames(context, camera, groups, look.dark);
  if (look.current >= 0) ring(context, camera, points, look.current, radius + 5, colour('--text'));
}

function drawPoints(context: CanvasRenderingContext2D, camera: Camera, points: Points, look: MapLook, radius: number): void {
  const { width, height } = context.canvas;
  const searched = look.lit.size > 0;
  const accent = colour('--accent');
  const colours = new Map([...new Set(points.group)].map((group) => [group, groupColour(group, look.dark)]));
  for (const lit of searched ? [false, true] : [false]) {
    context.globalAlpha = searched && !lit ? 0.22 : lit ? 1 : 0.82;
    for (let index = 0; index < points.id.length; index++) {
      if (searched && look.lit.has(points.id[index] ?? -1) !== lit) continue;
      const { x, y } = toScreen(camera, { x: points.x[index] ?? 0, y: points.y[index] ?? 0 });
      if (x < -9 || y < -9 || x > width || y > height) continue;
      context.fillStyle = lit ? accent : colours.get(points.group[index] ?? -1) ?? '';
      context.beginPath();
      context.arc(x, y, lit ? radius + 2 : radius, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.globalAlpha = 1;
}

function ring(context: CanvasRenderingContext2D, camera: Camera, points: Points, index: number, radius: number, stroke: string): void {
  const { x, y } = toScreen(camera, { x: points.x[index] ?? 0, y: points.y[index] ?? 0 });
  context.strokeStyle = stroke;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/** Names of groups, the large ones first; one that would cover another is left out until there is room. */
function drawNames(context: CanvasRenderingContext2D, camera: Camera, groups: Groups, dark: boolean): void {
  context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = 4;
  context.strokeStyle = colour('--bg');
  const taken: [number, number, number, number][] = [];
  const order = groups.map((_, index) => index).sort((a, b) => (groups[b]?.num ?? 0) - (groups[a]?.num ?? 0));
  for (const index of order) {
    const group = groups[index];
    if (!group) continue;
    const { x, y } = toScreen(camera, group);
    const half = context.measureText(group.name).width / 2 + 6;
    if (taken.some(([left, right, top, bottom]) => x + half > left && x - half < right && y + 10 > top && y - 10 < bottom)) continue;
    taken.push([x - half, x + half, y - 10, y + 10]);
    context.strokeText(group.name, x, y);
    context.fillStyle = `color-mix(in oklab, ${groupColour(index, dark)} 60%, ${colour('--text')})`;
    context.fillText(group.name, x, y);
  }
}
