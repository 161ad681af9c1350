import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The server behind /api while developing: the mock (`npm run mock`) or a real host.
const api = process.env.UZEL_API ?? 'http://127.0.0.1:8099';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The content policy forbids data: scripts and inline styles, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
