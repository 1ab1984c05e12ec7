import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `npm run dev` shows the page with the answers of a server that runs beside it: HEARKEN_SERVER=http://127.0.0.1:8642
const server = process.env.HEARKEN_SERVER ?? 'http://127.0.0.1:8642';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../hearken/server/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's security policy allows no inline scripts, and files are cached for good
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: server, headers: { origin: server } } } },
  test: { include: ['src/**/*.test.ts'] },
});
