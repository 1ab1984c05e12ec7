// One function for each operation of the server that the page uses. `lib` is a library's name, `id` a sound's.

import { filterParams, queryParams, searchParams, type Query, type Sort } from '../pure/query';
import { address, getJson, send, sendJson, type Params } from './http';
import type * as t from './types';

const at = (lib: string): string => `/libraries/${encodeURIComponent(lib)}`;
const sound = (lib: string, id: number): string => `${at(lib)}/sounds/${id}`;

export const serverInfo = () => getJson<t.ServerInfo>('');
export const libraryInfo = (lib: string) => getJson<t.LibraryInfo>(at(lib));

export function search(lib: string, query: Query, limit: number, offset: number, signal?: AbortSignal): Promise<t.SearchAnswer> {
  return getJson(`${at(lib)}/search`, { ...queryParams(query), limit, offset }, signal);
}

export async function searchBySound(lib: string, bytes: File, query: Query, limit: number, offset: number, signal?: AbortSignal): Promise<t.SearchAnswer> {
  const body = new FormData();
  body.append('sound', bytes, bytes.name);
  const url = address(`${at(lib)}/search`, { ...searchParams(query), as_typed: null, limit, offset });
  const response = await send(url, { method: 'POST', body, ...(signal ? { signal } : {}) });
  return (await response.json()) as t.SearchAnswer;
}

export function sounds(lib: string, query: Query, sort: Sort, limit: number, offset: number, signal?: AbortSignal): Promise<t.SoundsAnswer> {
  return getJson(`${at(lib)}/sounds`, { ...filterParams(query), sort, limit, offset }, signal);
}

export const soundDetail = (lib: string, id: number, signal?: AbortSignal) => getJson<t.Sound>(sound(lib, id), {}, signal);
export const folders = (lib: string) => getJson<{ folders: t.Folder[] }>(`${at(lib)}/folders`);
export const labels = (lib: string) => getJson<{ labels: t.LabelCount[] }>(`${at(lib)}/labels`);

export function peaks(lib: string, id: number, width: number, start_s?: number, end_s?: number, signal?: AbortSignal): Promise<t.Peaks> {
  return getJson(`${sound(lib, id)}/peaks`, { width, start_s, end_s }, signal);
}

const absolute = (path: string, params: Params): string => address(path, params);

export const mediaUrl = (lib: string, id: number, download = false) => absolute(`${sound(lib, id)}/media`, { download });

export function excerptUrl(lib: string, id: number, start_s: number, end_s: number, format: 'wav' | 'flac' = 'wav', download = false): string {
  return absolute(`${sound(lib, id)}/excerpt`, { start_s: start_s.toFixed(3), end_s: end_s.toFixed(3), format, download });
}

export function spectrogramUrl(lib: string, id: number, start_s: number, end_s: number, width: number, height: number, theme: string): string {
  return absolute(`${sound(lib, id)}/spectrogram`, { start_s: start_s.toFixed(3), end_s: end_s.toFixed(3), width, height, theme });
}

export const map = (lib: string) => getJson<t.MapAnswer>(`${at(lib)}/map`);

export const failures = (lib: string, limit: number, offset: number) => getJson<t.FailuresAnswer>(`${at(lib)}/failures`, { limit, offset });

export const indexing = (lib: string) => getJson<t.Job>(`${at(lib)}/indexing`);
export const startIndexing = (lib: string, options: { captions: boolean; retry_failed: boolean }) =>
  sendJson<t.Job>('POST', `${at(lib)}/indexing`, options);
export const stopIndexing = (lib: string) => sendJson<t.Job>('DELETE', `${at(lib)}/indexing`);
export const eventsUrl = (lib: string) => address(`${at(lib)}/events`);

export const collections = (lib: string) => getJson<{ collections: t.Collection[] }>(`${at(lib)}/collections`);
export const collection = (lib: string, cid: number, limit: number, offset: number) =>
  getJson<t.CollectionAnswer>(`${at(lib)}/collections/${cid}`, { limit, offset });
export const makeCollection = (lib: string, name: string) => sendJson<t.Collection>('POST', `${at(lib)}/collections`, { name });
export const renameCollection = (lib: string, cid: number, name: string) =>
  sendJson<t.Collection>('PATCH', `${at(lib)}/collections/${cid}`, { name });
export const deleteCollection = (lib: string, cid: number) => sendJson<void>('DELETE', `${at(lib)}/collections/${cid}`);
export const addToCollection = (lib: string, cid: number, item: t.ExportItem) =>
  sendJson<t.CollectionItem>('POST', `${at(lib)}/collections/${cid}/items`, { id: item.id, start_s: item.start_s, end_s: item.end_s });
export const removeFromCollection = (lib: string, cid: number, which: { id: number } | { item: number }) =>
  sendJson<{ num_removed: number }>('DELETE', `${at(lib)}/collections/${cid}/items`, undefined, which);

export const putNote = (lib: string, id: number, text: string) => sendJson<{ text: string }>('PUT', `${sound(lib, id)}/note`, { text });

export const savedSearches = (lib: string) => getJson<{ searches: t.SavedSearch[] }>(`${at(lib)}/searches`);
export const saveSearch = (lib: string, name: string, query: Record<string, unknown>) =>
  sendJson<t.SavedSearch>('POST', `${at(lib)}/searches`, { name, query });
export const deleteSearch = (lib: string, sid: number) => sendJson<void>('DELETE', `${at(lib)}/searches/${sid}`);

/** The file that the server made of a list; `name` is what it calls it. */
export async function exportList(lib: string, format: t.ExportFormat, items: t.ExportItem[], pad_s: number): Promise<{ blob: Blob; name: string }> {
  const response = await send(address(`${at(lib)}/export`), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ format, items, pad_s }),
  });
  const said = /filename="?([^";]+)/.exec(response.headers.get('content-disposition') ?? '');
  return { blob: await response.blob(), name: said?.[1] ?? `hearken.${format}` };
}

export const useToken = (token: string) => sendJson<void>('POST', '/token', { token });
