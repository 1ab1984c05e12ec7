// The list that is shown: found by a search, or all sounds that pass the filters.

import * as api from '../api/client';
import { ApiError, asApiError, isAbort } from '../api/http';
import type { CollectionItem, SearchAnswer } from '../api/types';
import { plural } from '../pure/format';
import type { Query, Sort } from '../pure/query';
import { hitRow, itemRow, soundRow, type Row } from '../pure/rows';
import { notices } from './notices.svelte';
import { samples } from './samples.svelte';
import { session } from './session.svelte';

const PAGE = 20;
export const LIT_ON_MAP = 200; // as many as one answer holds

class Results {
  rows = $state<Row[]>([]);
  answer = $state<Omit<SearchAnswer, 'hits'> | null>(null);
  total = $state<number | null>(null);
  /** Items of a collection whose sound is not in the library now. */
  missing = $state<CollectionItem[]>([]);
  loading = $state(false);
  hasMore = $state(false);
  error = $state<ApiError | null>(null);
  /** Index of the row that keys act on; -1 for none. */
  selected = $state(-1);
  /** The first row takes the focus as soon as there is one. */
  wantsFocus = $state(false);
  #request: AbortController | null = null;
  #again: (() => Promise<void>) | null = null;
  #kind = '';

  get row(): Row | null {
    return this.rows[this.selected] ?? null;
  }

  clear(): void {
    this.#request?.abort();
    this.#again = null;
    this.#kind = '';
    this.rows = [];
    this.missing = [];
    this.answer = this.total = this.error = null;
    this.loading = this.hasMore = false;
    this.selected = -1;
  }

  search(lib: string, query: Query, page = PAGE): Promise<void> {
    return this.#fresh(`search ${lib}`, (offset, signal) => this.#searched(lib, query, page, offset, signal));
  }

  browse(lib: string, query: Query, sort: Sort): Promise<void> {
    return this.#fresh(`browse ${lib}`, (offset, signal) => this.#browsed(lib, query, sort, offset, signal));
  }

  collection(lib: string, id: number): Promise<void> {
    this.missing = [];
    return this.#fresh(`collection ${id} ${lib}`, (offset) => this.#collected(lib, id, offset));
  }

  more(): Promise<void> {
    return this.hasMore && !this.loading && this.#again ? this.#again() : Promise.resolve();
  }

  select(index: number): void {
    this.selected = Math.min(Math.max(index, 0), this.rows.length - 1);
    if (index >= this.rows.length - 3) void this.more();
  }

  focusFirst(): void {
    this.select(Math.max(0, this.selected));
    this.wantsFocus = true;
  }

  /** Takes a row out of the list, as when it leaves a collection. */
  drop(key: string): void {
    this.rows = this.rows.filter((row) => row.key !== key);
    this.selected = Math.min(this.selected, this.rows.length - 1);
  }

  /** Loads the first page of a list. Rows of a list of the same kind stay until the new ones are there; others go at once. */
  async #fresh(kind: string, page: (offset: number, signal: AbortSignal) => Promise<Row[]>): Promise<void> {
    if (kind !== this.#kind) this.clear();
    this.#kind = kind;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const load = async (offset: number) => {
      this.loading = true;
      this.error = null;
      try {
        const rows = await page(offset, request.signal);
        const known = new Set(offset === 0 ? [] : this.rows.map((row) => row.key)); // the library may have changed between pages
        this.rows = [...(offset === 0 ? [] : this.rows), ...rows.filter((row) => !known.has(row.key))];
        if (offset === 0) this.selected = rows.length > 0 ? 0 : -1;
        this.#announce();
      } catch (error) {
        if (isAbort(error)) return;
        const problem = asApiError(error);
        if (problem.code === 'server_gone' || problem.status === 401) session.fail(error);
        this.error = problem;
        if (offset === 0) this.rows = [];
      }
      this.loading = false;
    };
    this.#again = () => load(this.rows.length);
    await load(0);
  }

  async #searched(lib: string, query: Query, page: number, offset: number, signal: AbortSignal): Promise<Row[]> {
    const { hits, ...answer } =
      query.sample === null
        ? await api.search(lib, query, page, offset, signal)
        : await api.searchBySound(lib, samples.file(query.sample), query, page, offset, signal);
    this.answer = answer;
    this.total = null;
    this.hasMore = answer.has_more;
    return hits.map(hitRow);
  }

  async #browsed(lib: string, query: Query, sort: Sort, offset: number, signal: AbortSignal): Promise<Row[]> {
    const answer = await api.sounds(lib, query, sort, PAGE, offset, signal);
    this.answer = null;
    this.total = answer.total;
    this.hasMore = offset + answer.sounds.length < answer.total;
    return answer.sounds.map(soundRow);
  }

  async #collected(lib: string, id: number, offset: number): Promise<Row[]> {
    const answer = await api.collection(lib, id, PAGE, offset + this.missing.length);
    this.answer = null;
    this.total = answer.total;
    this.missing = [...this.missing, ...answer.items.filter((item) => item.hit === null)];
    const rows = answer.items.map(itemRow).filter((row) => row !== null);
    this.hasMore = answer.items.length > 0 && offset + rows.length + this.missing.length < answer.total;
    return rows;
  }

  #announce(): void {
    if (this.total !== null) notices.announce(plural(this.total, 'sound'));
    else if (this.answer?.nothing_fits) notices.announce(`Nothing seems to match; the ${plural(this.rows.length, 'nearest sound')} instead`);
    else notices.announce(`${plural(this.rows.length, 'result')}${this.hasMore ? ', more below' : ''}`);
  }
}

export const results = new Results();
