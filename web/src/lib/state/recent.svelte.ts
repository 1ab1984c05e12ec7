// The last searches by words, newest first, for the clock menu and the first page.

import { keep, kept } from './kept';

const KEPT = 12;

class Recent {
  texts = $state<string[]>(kept<string[]>('recent', []));

  add(text: string): void {
    const tidy = text.trim();
    if (!tidy) return;
    this.texts = [tidy, ...this.texts.filter((one) => one !== tidy)].slice(0, KEPT);
    keep('recent', this.texts);
  }

  clear(): void {
    this.texts = [];
    keep('recent', []);
  }
}

export const recent = new Recent();
