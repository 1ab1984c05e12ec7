// What the page was built from, as one SHA-256: it is written beside the build, so that a test can tell whether the build is that of the sources.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Plugin } from 'vite';

const FILES = ['index.html', 'package-lock.json', 'package.json', 'svelte.config.js', 'tsconfig.json', 'vite.config.ts', 'sources.ts'];
const FOLDERS = ['public', 'src'];

/** Returns one line for each source, its digest and name, by name; tests are no sources. */
function listed(root: string): string {
  const inside = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => posix.join(...join(entry.parentPath, entry.name).slice(root.length + 1).split(/[\\/]/))),
  );
  return [...FILES, ...inside]
    .sort()
    .map((name) => `${createHash('sha256').update(readFileSync(join(root, name))).digest('hex')}  ${name}\n`)
    .join('');
}

/** Writes `sources.sha256` into the folder of the build. */
export function sources(root: string, out: string): Plugin {
  return {
    name: 'sources',
    apply: 'build',
    closeBundle: () => writeFileSync(join(out, 'sources.sha256'), createHash('sha256').update(listed(root)).digest('hex') + '\n'),
  };
}
