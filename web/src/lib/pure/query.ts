// What is looked for, as the page keeps it, as the address bar shows it, and as the server takes it.

export interface Like {
  id: number;
  start_s: number | null;
  end_s: number | null;
}

export interface Query {
  q: string;
  not: string;
  like: Like | null;
  /** Number of a sound that was dropped or recorded; its bytes stay in this tab. */
  sample: number | null;
  moments: boolean;
  asTyped: boolean;
  soundOnly: boolean;
  minDuration: number | null;
  maxDuration: number | null;
  folder: string;
  formats: string[];
  rates: string[];
  channels: string[];
  labels: string[];
}

export type View = 'search' | 'browse' | 'map' | 'collection' | 'failures';
const VIEWS: readonly View[] = ['search', 'browse', 'map', 'collection', 'failures'];

export type Sort = 'name' | 'duration' | 'added';

/** A place in the page: everything that back and forward bring back. */
export interface Place {
  library: string;
  view: View;
  query: Query;
  collection: number;
  sort: Sort;
  /** The sound whose details are open. */
  sound: Like | null;
}

export function emptyQuery(): Query {
  return {
    q: '', not: '', like: null, sample: null, moments: false, asTyped: false, soundOnly: false,
    minDuration: null, maxDuration: null, folder: '', formats: [], rates: [], channels: [], labels: [],
  };
}

export function homePlace(library = ''): Place {
  return { library, view: 'search', query: emptyQuery(), collection: 1, sort: 'name', sound: null };
}

function number(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function whole(text: string | null): number | null {
  const value = number(text);
  return value !== null && Number.isInteger(value) ? value : null;
}

function spanned(params: URLSearchParams, name: string): Like | null {
  const id = whole(params.get(name));
  return id === null ? null : { id, start_s: number(params.get(`${name}_start_s`)), end_s: number(params.get(`${name}_end_s`)) };
}

/** Reads an address; what makes no sense is left out. Names of search parameters are the server's. */
export function parsePlace(search: string): Place {
  const params = new URLSearchParams(search);
  const view = params.get('view') as View;
  const sort = params.get('sort') as Sort;
  return {
    library: params.get('lib') ?? '',
    view: VIEWS.includes(view) ? view : 'search',
    collection: whole(params.get('collection')) ?? 1,
    sort: ['name', 'duration', 'added'].includes(sort) ? sort : 'name',
    sound: spanned(params, 'sound'),
    query: parseQuery(params),
  };
}

export function parseQuery(params: URLSearchParams): Query {
  return {
    q: params.get('q') ?? '',
    not: params.get('not') ?? '',
    like: spanned(params, 'like'),
    sample: whole(params.get('sample')),
    moments: params.get('moments') === 'true',
    asTyped: params.get('as_typed') === 'true',
    soundOnly: params.get('sound_only') === 'true',
    minDuration: number(params.get('min_duration_s')),
    maxDuration: number(params.get('max_duration_s')),
    folder: params.get('folder') ?? '',
    formats: params.getAll('format'),
    rates: params.getAll('rate_hz').filter((rate) => whole(rate) !== null),
    channels: params.getAll('channels').filter((count) => whole(count) !== null),
    labels: params.getAll('label'),
  };
}

export type QueryParams = Record<string, string | number | boolean | string[] | null>;

/** The conditions that hold for searching and browsing alike, by the server's names. */
export function filterParams(query: Query): QueryParams {
  return {
    min_duration_s: query.minDuration,
    max_duration_s: query.maxDuration,
    folder: query.folder,
    format: query.formats,
    rate_hz: query.rates,
    channels: query.channels,
    label: query.labels,
  };
}

/** All of a search but its words, by the server's names: what goes with an uploaded sound as well. */
export function searchParams(query: Query): QueryParams {
  return { not: query.not, moments: query.moments, as_typed: query.asTyped, sound_only: query.soundOnly, ...filterParams(query) };
}

/** The whole search by the server's names; this is also what a saved search holds. */
export function queryParams(query: Query): QueryParams {
  const { like } = query;
  return {
    q: query.q.trim(),
    like: like?.id ?? null,
    like_start_s: like?.start_s ?? null,
    like_end_s: like?.end_s ?? null,
    ...searchParams(query),
  };
}

function append(params: URLSearchParams, values: QueryParams): void {
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== '' && one !== false) params.append(name, String(one));
    }
  }
}

/** The address of a place: `?…`, or `/` for the first page. */
export function placeAddress(place: Place, defaultLibrary = ''): string {
  const params = new URLSearchParams();
  const { sound } = place;
  append(params, {
    lib: place.library === defaultLibrary ? '' : place.library,
    view: place.view === 'search' ? '' : place.view,
    collection: place.view === 'collection' ? place.collection : null,
    sort: place.view === 'browse' && place.sort !== 'name' ? place.sort : '',
    ...queryParams(place.query),
    sample: place.query.sample,
    sound: sound?.id ?? null,
    sound_start_s: sound?.start_s ?? null,
    sound_end_s: sound?.end_s ?? null,
  });
  const text = params.toString();
  return text ? `/?${text}` : '/';
}

/** A saved search read back; unknown keys are ignored. */
export function savedQuery(saved: Record<string, unknown>): Query {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(saved)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) params.append(name, String(one));
    }
  }
  return parseQuery(params);
}

/** Is anything asked for, by words, by a sound, or by an example? */
export function asks(query: Query): boolean {
  return query.q.trim() !== '' || query.like !== null || query.sample !== null;
}

export function numFilters(query: Query): number {
  const lists = [query.formats, query.rates, query.channels, query.labels].filter((list) => list.length > 0).length;
  return lists + (query.folder ? 1 : 0) + (query.minDuration !== null || query.maxDuration !== null ? 1 : 0);
}

export function withoutFilters(query: Query): Query {
  const empty = emptyQuery();
  return { ...empty, q: query.q, not: query.not, like: query.like, sample: query.sample, moments: query.moments, asTyped: query.asTyped, soundOnly: query.soundOnly };
}
