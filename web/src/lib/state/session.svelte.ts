// Where the page is: the server, the library, and the place that the address bar shows.

import { isAbort, ApiError, asApiError } from '../api/http';
import * as api from '../api/client';
import type { LibraryInfo, ServerInfo } from '../api/types';
import { asks, emptyQuery, homePlace, numFilters, parsePlace, placeAddress, type Like, type Place, type Query } from '../pure/query';

type Trouble = 'server_gone' | 'token' | 'no_library' | 'other';
const RETRY_MS = 3000;

class Session {
  server = $state<ServerInfo | null>(null);
  library = $state<LibraryInfo | null>(null);
  place = $state<Place>(parsePlace(location.search));
  trouble = $state<Trouble | null>(null);
  error = $state<ApiError | null>(null);
  /** Counts up when the server is back: what is shown is asked for again. */
  renewed = $state(0);
  #retry = 0;

  constructor() {
    addEventListener('popstate', () => {
      const before = this.lib;
      this.place = parsePlace(location.search);
      if (this.lib !== before) void this.loadLibrary();
    });
  }

  /** Name of the library that is shown; '' as long as nobody knows. */
  get lib(): string {
    return this.place.library || this.server?.libraries[0] || '';
  }

  get query(): Query {
    return this.place.query;
  }

  /** The first page: nothing asked, nothing narrowed. */
  get isHome(): boolean {
    return this.place.view === 'search' && !asks(this.query) && numFilters(this.query) === 0;
  }

  /** A list of the library's own, because conditions alone are given. */
  get isBrowse(): boolean {
    return this.place.view === 'browse' || (this.place.view === 'search' && !asks(this.query) && numFilters(this.query) > 0);
  }

  async start(): Promise<void> {
    try {
      this.server = await api.serverInfo();
      if (this.server.libraries.length === 0) {
        this.trouble = 'no_library';
        return;
      }
      if (this.place.library && !this.server.libraries.includes(this.place.library)) this.go({ library: '' }, true);
      const back = this.trouble !== null;
      this.trouble = null;
      await this.loadLibrary();
      if (back) this.renewed += 1;
    } catch (error) {
      this.fail(error);
    }
  }

  async loadLibrary(): Promise<void> {
    try {
      this.library = await api.libraryInfo(this.lib);
      this.trouble = null;
    } catch (error) {
      this.fail(error);
    }
  }

  /** Shows that the server is gone or wants a token, and tries again by itself. Other errors are the caller's. */
  fail(error: unknown): void {
    if (isAbort(error)) return;
    const problem = asApiError(error);
    this.error = problem;
    this.trouble = problem.code === 'server_gone' ? 'server_gone' : problem.status === 401 ? 'token' : 'other';
    if (this.trouble === 'server_gone') {
      clearTimeout(this.#retry);
      this.#retry = window.setTimeout(() => void this.start(), RETRY_MS);
    }
  }

  /** Moves to another place; `replace` leaves no step in the history. */
  go(change: Partial<Place>, replace = false): void {
    this.place = { ...this.place, ...change };
    const address = placeAddress($state.snapshot(this.place) as Place, this.server?.libraries[0] ?? '');
    if (address === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
  }

  /** Looks for something: changes the query, closes what is open. */
  ask(change: Partial<Query>, replace = false): void {
    const view = this.place.view === 'map' ? 'map' : 'search';
    this.go({ view, query: { ...this.query, ...change }, sound: null }, replace);
  }

  /** Words replace an example sound and the other way round. */
  askWords(q: string, replace = false): void {
    this.ask({ q, like: null, sample: null, asTyped: false }, replace);
  }

  askLike(like: Like): void {
    this.go({ view: 'search', query: { ...this.query, q: '', like, sample: null, asTyped: false, not: '' }, sound: null });
  }

  home(): void {
    this.go({ ...homePlace(this.place.library) });
  }

  choose(library: string): void {
    this.go({ ...homePlace(library), query: emptyQuery() });
    this.library = null;
    void this.loadLibrary();
  }

  open(sound: Like | null): void {
    this.go({ sound }, this.place.sound !== null && sound !== null);
  }
}

export const session = new Session();
