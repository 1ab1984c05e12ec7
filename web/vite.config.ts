import { svelte } from '@sveltejs/vite-plugin-svelte';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { sources } from './sources';

// `npm run dev` shows the page with the answers of a server that runs beside it: HEARKEN_SERVER=http://127.0.0.1:8642
const server = process.env.HEARKEN_SERVER ?? 'http://127.0.0.1:8642';
const out = join(import.meta.dirname, '../hearken/server/static');

export default defineConfig({
  plugins: [svelte(), sources(import.meta.dirname, out)],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's security policy allows no inline scripts, and files are cached for good
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: server, headers: { origin: server } } } },
  test: { include: ['src/**/*.test.ts'] },
});
