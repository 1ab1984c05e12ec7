// What the server is doing with the library right now, as it tells us by itself.

import * as api from '../api/client';
import type { Job } from '../api/types';
import { notices } from './notices.svelte';
import { session } from './session.svelte';

class Indexing {
  job = $state<Job | null>(null);
  /** Counts up when a new map is ready. */
  maps = $state(0);
  #source: EventSource | null = null;
  #lib = '';

  constructor() {
    // browsers open few connections to one server: a tab that nobody sees gives its own back
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#source?.close();
      else if (this.#lib) this.follow(this.#lib);
    });
  }

  get busy(): boolean {
    return this.job?.state === 'running' || this.job?.state === 'stopping';
  }

  follow(lib: string): void {
    this.#lib = lib;
    this.#source?.close();
    this.job = null;
    const source = new EventSource(api.eventsUrl(lib));
    source.addEventListener('indexing', (event) => this.#changed(JSON.parse((event as MessageEvent<string>).data) as Job));
    source.addEventListener('library', (event) => {
      const { generation } = JSON.parse((event as MessageEvent<string>).data) as { generation: number };
      if (session.library && session.library.generation !== generation) void session.loadLibrary();
    });
    source.addEventListener('map', () => (this.maps += 1));
    this.#source = source;
  }

  async start(lib: string, options: { captions: boolean; retry_failed: boolean }): Promise<void> {
    try {
      const job = await api.startIndexing(lib, options);
      // what the server tells by itself may overtake its answer, and is newer then
      if (this.job?.started !== job.started) this.#changed(job);
    } catch (error) {
      notices.fail(error);
    }
  }

  async stop(lib: string): Promise<void> {
    try {
      this.job = await api.stopIndexing(lib);
    } catch (error) {
      notices.fail(error);
    }
  }

  #changed(job: Job): void {
    const before = this.job;
    this.job = job;
    if (before === null || (before.state === job.state && before.started === job.started)) return;
    if (job.state === 'done') notices.say('Indexing is done.');
    if (job.state === 'stopped') notices.say('Indexing stopped.', 'What is done stays.');
    if (job.state === 'failed') notices.say(job.error?.message ?? 'Indexing failed.', job.error?.hint, true);
    if (job.state !== 'running') void session.loadLibrary();
  }
}

export const indexing = new Indexing();
