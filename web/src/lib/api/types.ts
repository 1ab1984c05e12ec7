// What the server answers (`/api/v1`, see its OpenAPI document at /api/v1/openapi.json). Times are seconds.

export interface ServerInfo {
  name: string;
  version: string;
  libraries: string[];
  local: boolean;
  features: { map: boolean; tags: boolean };
  limits: Record<string, number>;
}

export interface Problem {
  code: string;
  message: string;
  hint: string;
}

export interface LibraryInfo {
  name: string;
  state: 'ready' | 'absent' | 'broken';
  problem: Problem | null;
  model: { name: string; digest: string; dim: number } | null;
  num_files: number;
  num_sounds: number;
  num_windows: number;
  duration_s: number;
  num_failed: number;
  num_skipped: number;
  size_bytes: number;
  generation: number;
  roots: { id: string; name: string; present: boolean }[];
  formats: Record<string, number>;
  rates_hz: Record<string, number>;
  channels: Record<string, number>;
  indexing: Job | null;
  examples: string[];
}

/** One sound as lists show it, without a place in a search. */
export interface SoundRow {
  id: number;
  name: string;
  folder: string;
  path: string;
  absolute_path: string | null;
  duration_s: number;
  rate_hz: number;
  num_channels: number;
  format: string;
  caption: string | null;
  labels: string[];
  noted: boolean;
  collections: number[];
}

/** Another file with the same content. */
export interface Copy {
  id: number;
  name: string;
  folder: string;
}

export interface Hit extends SoundRow {
  start_s: number;
  end_s: number;
  score: number;
  confidence: number | null;
  weak: boolean;
  duplicates: Copy[];
}

export interface Sound extends SoundRow {
  size_bytes: number;
  codec: string;
  container: string;
  tags: Record<string, string>;
  flags: string[];
  note: string;
  copies: Copy[];
}

export interface Understood {
  text: string;
  parts: string[];
  not_text: string | null;
  notes: string[];
}

export interface SearchAnswer {
  understood: Understood | null;
  took_ms: number;
  offset: number;
  limit: number;
  has_more: boolean;
  nothing_fits: boolean;
  hits: Hit[];
}

export interface SoundsAnswer {
  total: number;
  offset: number;
  limit: number;
  sounds: SoundRow[];
}

export interface Folder {
  path: string;
  name: string;
  depth: number;
  num_files: number;
}

export interface Peaks {
  start_s: number;
  end_s: number;
  duration_s: number;
  min: number[];
  max: number[];
}

export interface Job {
  state: 'idle' | 'running' | 'stopping' | 'done' | 'failed' | 'stopped';
  phase: '' | 'scan' | 'embed' | 'graph' | 'caption' | 'done';
  num_done: number;
  num_total: number;
  audio_s: number;
  rate: number;
  num_failed: number;
  name: string;
  started: string | null;
  error: Problem | null;
  report: Record<string, unknown> | null;
}

export interface FailureRow {
  name: string;
  folder: string;
  stage: string;
  error: string;
  message: string;
  hint: string;
}

export interface FailuresAnswer {
  total: number;
  failures: FailureRow[];
}

export interface Collection {
  id: number;
  name: string;
  num_items: number;
}

export interface CollectionItem {
  item: number;
  added: string;
  start_s: number | null;
  end_s: number | null;
  hit: Hit | null;
  name: string;
}

export interface CollectionAnswer extends Collection {
  total: number;
  items: CollectionItem[];
}

export interface SavedSearch {
  id: number;
  name: string;
  query: Record<string, unknown>;
}

export interface LabelCount {
  label: string;
  num_sounds: number;
}

export interface MapAnswer {
  state: 'ready' | 'computing' | 'empty';
  generation?: number;
  stale?: boolean;
  points?: { id: number[]; x: number[]; y: number[]; group: number[] };
  groups?: { name: string; x: number; y: number; num?: number }[];
}

export type ExportFormat = 'csv' | 'json' | 'm3u' | 'labels' | 'zip';

export interface ExportItem {
  id: number;
  start_s: number;
  end_s: number;
  score?: number;
}
