// Sounds to search by that were dropped here or recorded: kept by this tab alone, sent to the server only to search.

import { ApiError } from '../api/http';

const KEPT = 10;

class Samples {
  #files = new Map<number, File>();
  #next = 1;

  add(file: File): number {
    const number = this.#next++;
    this.#files.set(number, file);
    for (const old of [...this.#files.keys()].slice(0, -KEPT)) this.#files.delete(old);
    return number;
  }

  name(number: number): string {
    return this.#files.get(number)?.name ?? 'a sound';
  }

  file(number: number): File {
    const file = this.#files.get(number);
    if (!file) {
      throw new ApiError('sample_gone', 'The sound that you searched with is not here any more.', 'Drop it again, or record another one.');
    }
    return file;
  }
}

export const samples = new Samples();
