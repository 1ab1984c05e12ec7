// Numbers as people read them.

/** 0:04.2 or 1:02:03; tenths below ten minutes, none above. */
export function clock(seconds: number, tenths = seconds < 600): string {
  const unit = tenths ? 10 : 1;
  const total = Math.round(Math.max(0, seconds) * unit);
  const s = (total / unit) % 60;
  const m = Math.floor(total / unit / 60) % 60;
  const h = Math.floor(total / unit / 3600);
  const ss = tenths ? s.toFixed(1).padStart(4, '0') : String(Math.floor(s)).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${ss}` : `${m}:${ss}`;
}

/** A length in words: 0.8 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return total % 60 ? `${Math.floor(total / 60)} min ${total % 60} s` : `${total / 60} min`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** 44100 -> 44.1 kHz. */
export function rate(hz: number): string {
  return `${Number((hz / 1000).toFixed(3))} kHz`;
}

export function channels(number: number): string {
  return number === 1 ? 'mono' : number === 2 ? 'stereo' : `${number} channels`;
}

/** 0.823 -> 82 %. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The name without its extension, and the extension: file names are shown in two tones. */
export function splitName(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
}

/** A name for a cut-out stretch that any system takes: `door_0m04.2-0m06.0.wav`. */
export function excerptName(name: string, start_s: number, end_s: number, extension: string): string {
  const stem = splitName(name)[0].replace(/[\\/:*?"<>|\p{Cc}]+/gu, '_') || 'sound';
  const time = (seconds: number) => clock(seconds, true).replace(':', 'm').replace(':', 'm');
  return `${stem}_${time(start_s)}-${time(end_s)}.${extension}`;
}
