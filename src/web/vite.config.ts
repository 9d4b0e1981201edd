import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// Texts go into the binary compressed, once: the server unpacks them for the few that cannot.
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    const pack = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        const file = join(dir, entry.name);
        if (entry.isDirectory()) pack(file);
        else if (/\.(js|css|svg|html)$/.test(entry.name)) {
          writeFileSync(file + '.gz', gzipSync(readFileSync(file), { level: 9 }));
          rmSync(file);
        }
      }
    };
    pack('dist');
  },
});

export default defineConfig({
  // Relative, so that the server can show the page below a path: it writes where that is into index.html.
  base: './',
  plugins: [react(), compressed()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  // `make dev` says where the server is.
  server: { proxy: { '/api': process.env['IBUTSU_DEV_SERVER'] ?? 'http://127.0.0.1:8080' } },
});
