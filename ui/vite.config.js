import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Pages are served by airelay itself; while developing, Vite serves them and hands /api on to it.
const backend = process.env.AIRELAY_URL ?? 'http://127.0.0.1:8092';

export default defineConfig({
  plugins: [svelte()],
  // Nothing is inlined: the pages run under `default-src 'self'`.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Printed by `airelay licences`.
    license: { fileName: 'licences.md' },
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': { target: backend } } },
  test: {
    // A busy machine takes its time; no test waits for the clock.
    testTimeout: 60_000,
    environment: 'node',
    include: ['src/**/*.test.ts'],
  },
});
