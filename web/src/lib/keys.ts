// The keyboard: one table of what keys do, for the handler and for the help.

import { tick } from 'svelte';
import { openRow, similarTo, trackOf, wholeOf } from './commands';
import { FAVOURITES, notebook } from './state/notebook.svelte';
import { player } from './state/player.svelte';
import { results } from './state/results.svelte';
import { session } from './state/session.svelte';
import { view } from './state/view.svelte';

export const KEYS: [keys: string[], what: string][] = [
  [['/'], 'to the search box'],
  [['↓', '↑'], 'next and previous sound'],
  [['Space'], 'play the lit part; stop'],
  [['W'], 'play the whole sound'],
  [['Enter'], 'details'],
  [['L'], 'loop'],
  [['F'], 'favourite'],
  [['S'], 'more like this'],
  [['V'], 'waveforms or spectrograms'],
  [['M'], 'map'],
  [['?'], 'these keys'],
  [['Esc'], 'close, stop'],
];

/** Does the element take letters, so that they are not ours? */
function types(target: Element): boolean {
  return target.closest('input:not([type="range"], [type="checkbox"]), textarea, select, [contenteditable="true"]') !== null;
}

/** Does the element do something of its own with Space and Enter? */
function presses(target: Element): boolean {
  return target.closest('button, a, input, select, textarea, summary, [role="application"]') !== null;
}

function move(step: number): void {
  results.select(results.selected + step);
  if (session.place.sound && results.row) openRow(results.row); // open details follow
  void tick().then(() => document.querySelector<HTMLElement>(`[data-row="${results.selected}"]`)?.focus());
}

function withRow(run: (row: NonNullable<typeof results.row>) => void): () => void {
  return () => {
    if (results.row) run(results.row);
  };
}

const LETTERS: Record<string, () => void> = {
  '/': () => (view.searchFocus += 1),
  '?': () => (view.help = true),
  j: () => move(1),
  k: () => move(-1),
  l: () => player.setLoop(!player.loop),
  m: () => session.go({ view: session.place.view === 'map' ? 'search' : 'map', sound: null }),
  v: () => view.setSpectrogram(!view.spectrogram),
  w: withRow((row) => player.toggle(wholeOf(session.lib, row))),
  f: withRow((row) => void notebook.put(session.lib, FAVOURITES, row)),
  s: withRow(similarTo),
};

const PRESSES: Record<string, () => void> = {
  ' ': withRow((row) => player.toggle(trackOf(session.lib, row))),
  Enter: withRow(openRow),
};

const ARROWS: Record<string, () => void> = { ArrowDown: () => move(1), ArrowUp: () => move(-1) };

function leave(): void {
  if (view.drawer) view.drawer = false;
  else if (session.place.sound) session.open(null);
  else player.stop();
}

function commandFor(event: KeyboardEvent, target: Element): (() => void) | undefined {
  if (event.key === 'Escape') return leave;
  const letter = LETTERS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (letter) return letter;
  if (event.key in ARROWS && !target.closest('[role="application"], input')) return results.rows.length > 0 ? ARROWS[event.key] : undefined;
  return presses(target) || !results.row ? undefined : PRESSES[event.key];
}

/** Runs the command of a key, unless it belongs to a field, a dialog or the browser. */
export function onKey(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || types(target) || target.closest('dialog')) return;
  const command = commandFor(event, target);
  if (!command) return;
  event.preventDefault();
  command();
}
