// Short messages at the edge of the page, and what a screen reader is told.

import { asApiError, isAbort } from '../api/http';

export interface Notice {
  id: number;
  text: string;
  hint: string;
  bad: boolean;
}

class Notices {
  shown = $state<Notice[]>([]);
  spoken = $state('');
  #next = 0;

  say(text: string, hint = '', bad = false): void {
    const id = this.#next++;
    this.shown.push({ id, text, hint, bad });
    if (this.shown.length > 3) this.shown.shift();
    setTimeout(() => this.drop(id), bad ? 9000 : 4000);
  }

  drop(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }

  /** Shows an error, unless it is a request that was given up. */
  fail(error: unknown): void {
    if (isAbort(error)) return;
    const { message, hint } = asApiError(error);
    this.say(message, hint, true);
  }

  /** Says something to screen readers alone. */
  announce(text: string): void {
    this.spoken = text;
  }
}

export const notices = new Notices();
