// Dragging a sound out of the page: Chromium hands the file itself to the desktop or an editor, other browsers its address.

import * as api from './api/client';
import { excerptName } from './pure/format';

interface Dragged {
  id: number;
  name: string;
  start_s: number;
  end_s: number;
}

const TYPES: Record<string, string> = { wav: 'audio/wav', flac: 'audio/flac', mp3: 'audio/mpeg', ogg: 'audio/ogg', m4a: 'audio/mp4' };

function offer(event: DragEvent, path: string, name: string): void {
  const url = new URL(path, location.href).href;
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
  event.dataTransfer?.setData('DownloadURL', `${type}:${name.replaceAll(':', '_')}:${url}`);
  event.dataTransfer?.setData('text/uri-list', url);
  event.dataTransfer?.setData('text/plain', url);
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'copy';
}

/** Hands out exactly the span, as a WAV file; with the Alt key the whole original file. */
export function dragSound(event: DragEvent, lib: string, sound: Dragged): void {
  if (event.altKey) offer(event, api.mediaUrl(lib, sound.id, true), sound.name);
  else dragExcerpt(event, lib, sound);
}

export function dragExcerpt(event: DragEvent, lib: string, sound: Dragged): void {
  const { id, name, start_s, end_s } = sound;
  offer(event, api.excerptUrl(lib, id, start_s, end_s, 'wav', true), excerptName(name, start_s, end_s, 'wav'));
}

export function dragFile(event: DragEvent, lib: string, sound: Dragged): void {
  offer(event, api.mediaUrl(lib, sound.id, true), sound.name);
}

/** Is something dragged into the page that could be a sound file? */
export function bringsFile(event: DragEvent): boolean {
  return [...(event.dataTransfer?.types ?? [])].includes('Files');
}
