import { describe, expect, it } from 'vitest';
import { bytes, channels, clock, duration, excerptName, percent, plural, rate, splitName } from './format';

describe('times', () => {
  it.each([[0, '0:00.0'], [4.24, '0:04.2'], [59.96, '1:00.0'], [61.5, '1:01.5'], [599.9, '9:59.9'], [600, '10:00'], [3723.4, '1:02:03'], [-1, '0:00.0']])('clock(%d) is %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });

  it.each([[0.84, '0.8 s'], [9.96, '10 s'], [12.4, '12 s'], [60, '1 min'], [200, '3 min 20 s'], [3600, '1 h'], [8624, '2 h 24 min']])('duration(%d) is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

it('numbers', () => {
  expect([bytes(900), bytes(41_234), bytes(2_500_000_000)]).toEqual(['900 B', '41.2 kB', '2.5 GB']);
  expect([rate(44_100), rate(48_000), rate(11_025)]).toEqual(['44.1 kHz', '48 kHz', '11.025 kHz']);
  expect([channels(1), channels(2), channels(6)]).toEqual(['mono', 'stereo', '6 channels']);
  expect([percent(0.823), plural(1, 'sound'), plural(1678, 'sound')]).toEqual(['82 %', '1 sound', '1,678 sounds']);
});

describe('names', () => {
  it('are split before the last dot', () => {
    expect(splitName('door.v2.wav')).toEqual(['door.v2', '.wav']);
    expect(splitName('.hidden')).toEqual(['.hidden', '']);
  });

  it('of excerpts are fit for any system', () => {
    expect(excerptName('a<b>: "c".flac', 61.25, 62, 'wav')).toBe('a_b_ _c__1m01.3-1m02.0.wav');
    expect(excerptName('bell.wav', 4, 3723, 'wav')).not.toContain(':');
  });
});
