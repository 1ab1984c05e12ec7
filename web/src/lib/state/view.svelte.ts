// How lists are shown, and which panels are open: choices of this browser, not of the address.

import { keep, kept } from './kept';

class View {
  spectrogram = $state(kept('spectrogram', false));
  drawer = $state(false);
  help = $state(false);
  without = $state(false);
  /** Counts up when the search box should take the focus. */
  searchFocus = $state(0);

  setSpectrogram(on: boolean): void {
    this.spectrogram = on;
    keep('spectrogram', on);
  }
}

export const view = new View();
