// The name of the sound that is searched by: known at once for a dropped one, asked for otherwise.

import * as api from '../api/client';
import type { Like } from '../pure/query';
import { samples } from './samples.svelte';
import { session } from './session.svelte';

const names = $state<Record<string, string>>({});

export function rememberName(lib: string, id: number, name: string): void {
  names[`${lib}/${id}`] = name;
}

export async function findName(lib: string, id: number): Promise<void> {
  const key = `${lib}/${id}`;
  if (!lib || key in names) return;
  try {
    names[key] = (await api.soundDetail(lib, id)).name;
  } catch {
    names[key] = `sound ${id}`; // the search itself will say what is wrong
  }
}

export function exampleName(like: Like | null, sample: number | null): string {
  if (like) return names[`${session.lib}/${like.id}`] ?? '…';
  return sample === null ? '' : samples.name(sample);
}
