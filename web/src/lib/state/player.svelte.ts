// Playback. A span is fetched as a sample-exact excerpt and kept, so that it starts at once, ends where it ends and
// loops; a whole sound is streamed, unless the browser cannot play its format: then the server decodes it.

import * as api from '../api/client';
import { asApiError, send } from '../api/http';
import { within } from '../pure/stretch';
import { keep, kept } from './kept';
import { notices } from './notices.svelte';
import { session } from './session.svelte';

export interface Track {
  lib: string;
  id: number;
  name: string;
  duration_s: number;
  start_s: number;
  end_s: number;
}

const KEPT_EXCERPTS = 24;
const FETCH_UP_TO_S = 60; // longer ones are streamed
const BAD_FOR_BROWSERS = new Set(['aiff', 'aif', 'aifc', 'wv', 'wavpack', 'w64', 'rf64', 'caf', 'au', 'snd', 'wma', 'asf', 'ape', 'tta', 'amr', 'ac3', 'dsf', 'dff']);

const trackKey = (track: Track): string => `${track.lib}/${track.id}/${track.start_s.toFixed(3)}-${track.end_s.toFixed(3)}`;

class Player {
  track = $state<Track | null>(null);
  playing = $state(false);
  waiting = $state(false);
  /** Where playback is, in seconds of the whole sound. */
  time_s = $state(0);
  loop = $state(kept('loop', false));
  volume = $state(kept('volume', 0.8));
  muted = $state(false);
  audio = document.createElement('audio');
  /** Seconds of the sound at which the audio element's own time begins. */
  #origin_s = 0;
  #streamed = false;
  #number = 0;
  #excerpts = new Map<string, Promise<string>>();

  constructor() {
    const { audio } = this;
    audio.preload = 'auto';
    audio.hidden = true;
    document.body.append(audio);
    audio.volume = this.volume;
    audio.onplay = () => {
      this.playing = true;
      requestAnimationFrame(this.#tick);
    };
    audio.onpause = () => (this.playing = false);
    audio.onended = () => this.#ended();
  }

  /** Is exactly this span loaded, playing or not? */
  holds(track: Track | null): boolean {
    return track !== null && this.track !== null && trackKey(track) === trackKey(this.track);
  }

  isPlaying(track: Track | null): boolean {
    return (this.playing || this.waiting) && this.holds(track);
  }

  /** Plays the span from its start, or stops it if it plays. */
  toggle(track: Track): void {
    if (this.isPlaying(track)) this.stop();
    else void this.play(track);
  }

  resume(): void {
    if (this.playing) this.audio.pause();
    else if (this.track && this.time_s < this.track.end_s - 0.02 && this.audio.src) void this.#start(this.#number);
    else if (this.track) void this.play(this.track);
  }

  stop(): void {
    this.#number++;
    this.waiting = false;
    this.audio.pause();
  }

  /** Plays `track` from `from_s`, which is its start unless said otherwise. */
  async play(track: Track, from_s = track.start_s): Promise<void> {
    const number = ++this.#number;
    this.audio.pause();
    this.track = { ...track, ...within(track.duration_s, track.start_s, track.end_s) };
    this.time_s = from_s;
    this.waiting = true;
    try {
      await this.#load(this.track, from_s, number);
      await this.#start(number);
    } catch (error) {
      if (number !== this.#number) return;
      this.waiting = false;
      notices.fail(error);
    }
  }

  /** Fetches a span that is likely to be played next. */
  preload(track: Track): void {
    if (track.end_s - track.start_s <= FETCH_UP_TO_S) this.#excerpt(track).catch(() => undefined);
  }

  seek(time_s: number): void {
    const { track } = this;
    if (!track) return;
    this.time_s = Math.min(Math.max(time_s, track.start_s), track.end_s);
    if (this.audio.src) this.audio.currentTime = Math.max(0, this.time_s - this.#origin_s);
  }

  setLoop(loop: boolean): void {
    this.loop = loop;
    this.audio.loop = loop && !this.#streamed;
    keep('loop', loop);
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    this.muted = false;
    this.audio.muted = false;
    this.audio.volume = this.volume;
    keep('volume', this.volume);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.audio.muted = muted;
  }

  async #load(track: Track, from_s: number, number: number): Promise<void> {
    const whole = track.start_s < 0.01 && track.end_s > track.duration_s - 0.01;
    const extension = track.name.slice(track.name.lastIndexOf('.') + 1).toLowerCase();
    const long = track.end_s - track.start_s > FETCH_UP_TO_S;
    let source: string;
    if (long || (whole && !this.#excerpts.has(trackKey(track)))) {
      this.#streamed = !BAD_FOR_BROWSERS.has(extension);
      source = this.#streamed ? api.mediaUrl(track.lib, track.id) : this.#served(track);
    } else {
      this.#streamed = false;
      source = await this.#excerpt(track);
    }
    if (number !== this.#number) return;
    this.#origin_s = this.#streamed ? 0 : track.start_s;
    try {
      await this.#open(source, from_s);
    } catch (error) {
      if (!this.#streamed || number !== this.#number) throw error;
      this.#streamed = false; // the browser does not know the format after all
      this.#origin_s = track.start_s;
      await this.#open(this.#served(track), from_s);
    }
  }

  /** Address of a span as the server decodes it, no longer than it will cut. */
  #served(track: Track): string {
    const most_s = session.server?.limits['max_excerpt_s'] ?? 600;
    const end_s = Math.min(track.end_s, track.start_s + most_s);
    track.end_s = end_s;
    return api.excerptUrl(track.lib, track.id, track.start_s, end_s, 'flac');
  }

  #open(source: string, from_s: number): Promise<void> {
    const { audio } = this;
    audio.loop = this.loop && !this.#streamed;
    audio.muted = this.muted;
    return new Promise((resolve, reject) => {
      audio.onloadedmetadata = () => {
        audio.currentTime = Math.max(0, from_s - this.#origin_s);
        resolve();
      };
      audio.onerror = () => reject(new Error('The browser cannot play this sound. Was it moved or deleted?'));
      audio.src = source;
      audio.load();
    });
  }

  async #start(number: number): Promise<void> {
    if (number !== this.#number) return;
    try {
      await this.audio.play();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error; // replaced by another sound
    }
    if (number === this.#number) this.waiting = false;
  }

  #excerpt(track: Track): Promise<string> {
    const key = trackKey(track);
    const known = this.#excerpts.get(key);
    if (known) {
      this.#excerpts.delete(key); // moves to the end: the oldest goes first
      this.#excerpts.set(key, known);
      return known;
    }
    const url = send(api.excerptUrl(track.lib, track.id, track.start_s, track.end_s))
      .then((response) => response.blob())
      .then((blob) => URL.createObjectURL(blob));
    this.#excerpts.set(key, url);
    url.catch(() => this.#excerpts.delete(key));
    this.#forgetOldest();
    return url;
  }

  #forgetOldest(): void {
    for (const [key, url] of [...this.#excerpts].slice(0, -KEPT_EXCERPTS)) {
      if (this.track && key === trackKey(this.track)) continue;
      this.#excerpts.delete(key);
      url.then((address) => URL.revokeObjectURL(address)).catch(() => undefined);
    }
  }

  #tick = (): void => {
    const { track, audio } = this;
    if (!track || audio.paused) return;
    this.time_s = Math.min(this.#origin_s + audio.currentTime, track.end_s);
    if (this.#streamed && this.#origin_s + audio.currentTime >= track.end_s) this.#ended();
    requestAnimationFrame(this.#tick);
  };

  #ended(): void {
    const { track, audio } = this;
    if (!track) return;
    if (this.loop) {
      audio.currentTime = Math.max(0, track.start_s - this.#origin_s);
      void audio.play().catch((error: unknown) => notices.fail(asApiError(error)));
      return;
    }
    audio.pause();
    this.playing = false;
    this.time_s = track.end_s;
  }
}

export const player = new Player();
