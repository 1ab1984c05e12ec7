import { describe, expect, it } from 'vitest';
import { asks, emptyQuery, homePlace, numFilters, parsePlace, placeAddress, queryParams, savedQuery, withoutFilters, type Place } from './query';

const full: Place = {
  library: 'field',
  view: 'search',
  collection: 1,
  sort: 'name',
  sound: { id: 7, start_s: 1.25, end_s: 3 },
  query: {
    q: 'rain & wind', not: 'music', like: { id: 12, start_s: 0, end_s: 2.5 }, sample: null, moments: true, asTyped: true, soundOnly: true,
    minDuration: 0.5, maxDuration: 30, folder: 'dev/été', formats: ['wav', 'flac'], rates: ['48000'], channels: ['1', '2'], labels: ['Dog, barking'],
  },
};

describe('the address', () => {
  it('gives back every part of a place', () => {
    const address = placeAddress(full);
    expect(parsePlace(address.slice(1))).toEqual(full);
  });

  it('is bare for the first page and names no default library', () => {
    expect(placeAddress(homePlace())).toBe('/');
    expect(placeAddress({ ...homePlace('field') }, 'field')).toBe('/');
    expect(placeAddress({ ...homePlace('field') }, 'other')).toBe('/?lib=field');
  });

  it('leaves out what makes no sense', () => {
    const place = parsePlace('?view=nonsense&like=x&min_duration_s=-3&max_duration_s=abc&rate_hz=4.5&rate_hz=48000&sound=1.5&collection=&sort=up');
    expect(place).toEqual({ ...homePlace(), query: { ...emptyQuery(), rates: ['48000'] } });
  });

  it('keeps the views apart', () => {
    expect(parsePlace(placeAddress({ ...homePlace(), view: 'collection', collection: 4 }).slice(1)).collection).toBe(4);
    expect(parsePlace(placeAddress({ ...homePlace(), view: 'browse', sort: 'added' }).slice(1)).sort).toBe('added');
  });
});

describe('a query', () => {
  it('asks by words, by a sound of the library or by one from outside', () => {
    expect(asks(emptyQuery())).toBe(false);
    expect(asks({ ...emptyQuery(), q: '  ' })).toBe(false);
    expect(asks({ ...emptyQuery(), q: 'rain' })).toBe(true);
    expect(asks({ ...emptyQuery(), like: { id: 1, start_s: null, end_s: null } })).toBe(true);
    expect(asks({ ...emptyQuery(), sample: 1 })).toBe(true);
  });

  it('counts length once, whatever its ends', () => {
    expect(numFilters(full.query)).toBe(6);
    expect(numFilters(withoutFilters(full.query))).toBe(0);
    expect(withoutFilters(full.query).q).toBe('rain & wind');
  });

  it('comes back from a saved search, which is what the server takes', () => {
    const saved = queryParams(full.query);
    expect(saved).toMatchObject({ q: 'rain & wind', like: 12, like_end_s: 2.5, as_typed: true, format: ['wav', 'flac'] });
    expect(savedQuery(saved)).toEqual(full.query);
  });
});
