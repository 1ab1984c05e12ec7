// What can be done with a row, for buttons and keys alike.

import * as api from './api/client';
import type { SoundRow } from './api/types';
import { excerptName } from './pure/format';
import { isPart, type Row } from './pure/rows';
import type { Track } from './state/player.svelte';
import { samples } from './state/samples.svelte';
import { session } from './state/session.svelte';

export function trackOf(lib: string, row: SoundRow & { start_s: number; end_s: number }): Track {
  const { id, name, duration_s, start_s, end_s } = row;
  return { lib, id, name, duration_s, start_s, end_s };
}

export function wholeOf(lib: string, row: SoundRow): Track {
  return trackOf(lib, { ...row, start_s: 0, end_s: row.duration_s });
}

export function openRow(row: Row): void {
  session.open({ id: row.id, start_s: row.start_s, end_s: row.end_s });
}

export function similarTo(row: { id: number; start_s: number; end_s: number; duration_s: number } & SoundRow): void {
  const part = isPart(row as Row);
  session.askLike({ id: row.id, start_s: part ? row.start_s : null, end_s: part ? row.end_s : null });
}

/** Starts a search by the sound in a file. */
export function searchByFile(file: File): void {
  const sample = samples.add(file);
  session.go({ view: 'search', sound: null, query: { ...session.query, q: '', like: null, asTyped: false, sample } });
}

export function download(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

export function downloadExcerpt(row: Row): void {
  const { id, name, start_s, end_s } = row;
  download(api.excerptUrl(session.lib, id, start_s, end_s, 'wav', true), excerptName(name, start_s, end_s, 'wav'));
}

export function downloadFile(row: SoundRow): void {
  download(api.mediaUrl(session.lib, row.id, true), row.name);
}
