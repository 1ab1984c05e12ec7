import { expect, it } from 'vitest';
import { bounds, fitted, Grid, toMap, toScreen, zoomed } from './camera';

it('shows all of the map, and finds the way back from the screen', () => {
  const box = bounds([0.2, 0.7, 0.4], [0.9, 0.1, 0.5]);
  expect(box).toEqual({ left: 0.2, right: 0.7, top: 0.1, bottom: 0.9 });
  const camera = fitted(1200, 600, box);
  expect(toScreen(camera, { x: 0.2, y: 0.1 }).y).toBeCloseTo(48);
  expect(toScreen(camera, { x: 0.45, y: 0.9 })).toEqual({ x: expect.closeTo(600), y: expect.closeTo(552) });
  const { x, y } = toMap(camera, toScreen(camera, { x: 0.3, y: 0.8 }));
  expect([x, y]).toEqual([expect.closeTo(0.3), expect.closeTo(0.8)]);
});

it('zooms about the pointer, within bounds', () => {
  const camera = fitted(800, 800, { left: 0, right: 1, top: 0, bottom: 1 });
  const at = { x: 123, y: 456 };
  const before = toMap(camera, at);
  const near = zoomed(camera, at, 3, camera.scale);
  expect(toMap(near, at).x).toBeCloseTo(before.x);
  expect(toMap(near, at).y).toBeCloseTo(before.y);
  expect(near.scale).toBeCloseTo(camera.scale * 3);
  expect(zoomed(camera, at, 1e9, camera.scale).scale).toBeCloseTo(camera.scale * 60);
  expect(zoomed(camera, at, 1e-9, camera.scale).scale).toBeCloseTo(camera.scale * 0.8);
});

it('finds the nearest point as a look at all of them does', () => {
  const random = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
  const xs = Array.from({ length: 500 }, (_, index) => random(index + 1));
  const ys = Array.from({ length: 500 }, (_, index) => random(index + 1001));
  const grid = new Grid(xs, ys);
  let met = 0;
  for (let trial = 0; trial < 200; trial++) {
    const at = { x: random(trial + 5000), y: random(trial + 7000) };
    const far = (index: number) => Math.hypot((xs[index] ?? 9) - at.x, (ys[index] ?? 9) - at.y);
    const best = xs.reduce((nearest, _, index) => (far(index) < far(nearest) ? index : nearest), 0);
    expect(grid.nearest(at, 0.03)).toBe(far(best) <= 0.03 ? best : -1);
    if (far(best) <= 0.03) met++;
  }
  expect(met).toBeGreaterThan(50);
});

it('goes from point to point in the direction of an arrow', () => {
  const grid = new Grid([0.5, 0.7, 0.55, 0.1], [0.5, 0.52, 0.9, 0.5]);
  expect(grid.beside(0, 1, 0)).toBe(1);
  expect(grid.beside(0, -1, 0)).toBe(3);
  expect(grid.beside(0, 0, 1)).toBe(2);
  expect(grid.beside(0, 0, -1)).toBe(-1);
});
