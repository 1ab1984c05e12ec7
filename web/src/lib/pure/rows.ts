// One line of any list: a hit of a search, a sound of the library, an item of a collection.

import type { CollectionItem, Copy, ExportItem, Hit, SoundRow } from '../api/types';

export interface Row extends SoundRow {
  key: string;
  start_s: number;
  end_s: number;
  score: number | null;
  confidence: number | null;
  weak: boolean;
  duplicates: Copy[];
  /** Number of the item where the list is a collection. */
  item: number | null;
}

export function hitRow(hit: Hit): Row {
  return { ...hit, key: `${hit.id}@${hit.start_s}`, item: null };
}

export function soundRow(sound: SoundRow): Row {
  return { ...sound, key: `${sound.id}`, start_s: 0, end_s: sound.duration_s, score: null, confidence: null, weak: false, duplicates: [], item: null };
}

/** null where the sound is not in the library any more. */
export function itemRow(item: CollectionItem): Row | null {
  const { hit } = item;
  if (!hit) return null;
  const span = { start_s: item.start_s ?? 0, end_s: item.end_s ?? hit.duration_s };
  return { ...hit, ...span, key: `item ${item.item}`, score: null, confidence: null, weak: false, item: item.item };
}

export function exportItem(row: Row): ExportItem {
  const { id, start_s, end_s } = row;
  return row.score === null ? { id, start_s, end_s } : { id, start_s, end_s, score: row.score };
}

/** Does the row show a part of its sound, not all of it? */
export function isPart(row: Row): boolean {
  return row.start_s > 0.01 || row.end_s < row.duration_s - 0.01;
}
