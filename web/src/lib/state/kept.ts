// Small choices that the browser keeps between visits; where it keeps nothing, the page works all the same.

export function kept<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`hearken.${name}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(`hearken.${name}`, JSON.stringify(value));
  } catch {
    // storage is full or switched off
  }
}
