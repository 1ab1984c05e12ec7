import { describe, expect, it } from 'vitest';
import { share, shownStretch, timeAt, within } from './stretch';

describe('what a row shows', () => {
  it('is all of a short sound', () => {
    expect(shownStretch(30, { start_s: 2, end_s: 4 })).toEqual({ start_s: 0, end_s: 30 });
  });

  it.each([[0, 3], [100, 103], [3597, 3600], [500, 580]])('of an hour holds the span %d to %d and stays inside', (start_s, end_s) => {
    const shown = shownStretch(3600, { start_s, end_s });
    expect(shown.start_s).toBeGreaterThanOrEqual(0);
    expect(shown.end_s).toBeLessThanOrEqual(3600);
    expect(shown.start_s).toBeLessThanOrEqual(start_s);
    expect(shown.end_s).toBeGreaterThanOrEqual(end_s);
    expect(shown.end_s - shown.start_s).toBeCloseTo(Math.max(30, 2 * (end_s - start_s)));
  });
});

it('places and times are each other’s reverse', () => {
  const stretch = { start_s: 10, end_s: 30 };
  expect(timeAt(stretch, share(stretch, 17))).toBeCloseTo(17);
  expect(timeAt(stretch, 1.4)).toBe(30);
  expect(share({ start_s: 3, end_s: 3 }, 3)).toBe(0);
});

it('spans are put in order, into the sound, and have a length', () => {
  expect(within(10, 4, 2)).toEqual({ start_s: 2, end_s: 4 });
  expect(within(10, -3, 99)).toEqual({ start_s: 0, end_s: 10 });
  const thin = within(10, 10, 10);
  expect(thin.end_s - thin.start_s).toBeCloseTo(0.05);
});
