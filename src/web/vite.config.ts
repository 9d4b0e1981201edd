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

// The font of all text is asked for with the styles, not when they have been read: the first view is laid out once.
const earlyFont = (): Plugin => ({
  name: 'early-font',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle }) {
      const font = Object.keys(bundle ?? {}).find((name) => /\/RedHatTextVF-(?!Italic)[^/]*\.woff2$/.test(name));
      if (!font) throw new Error('the font of the page has another name');
      return [
        {
          tag: 'link',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: './' + font },
        },
      ];
    },
  },
});

// PatternFly's styles come with themes and an icon font of which the page uses nothing: more than half of them.
const unused = /\.pf-v6-theme-(felt|glass|high-contrast)|\.pf-v6-pficon|\.pf-v6-m-(thinking|ai-indicator|legacy-font)/;
const withoutUnused = {
  postcssPlugin: 'without-unused',
  Rule(rule: { selectors: string[]; remove: () => void }) {
    const used = rule.selectors.filter((s) => !unused.test(s));
    if (used.length === 0) rule.remove();
    else if (used.length < rule.selectors.length) rule.selectors = used;
  },
};

export default defineConfig({
  // Relative, so that the server can show the page below a path: it writes where that is into index.html.
  base: './',
  plugins: [react(), compressed(), earlyFont()],
  css: { postcss: { plugins: [withoutUnused] } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    // What every first view needs comes in one piece: each more of them would cost more than it weighs.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  // `make dev` says where the server is.
  server: { proxy: { '/api': process.env['IBUTSU_DEV_SERVER'] ?? 'http://127.0.0.1:8080' } },
});
