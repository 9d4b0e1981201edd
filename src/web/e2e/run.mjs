// The page in a real browser, against a server that this may fill:
//
//   node e2e/run.mjs --url URL --token TOKEN [--only TEXT] [--shots FOLDER]
//
// Each file in suite/ says which pages it knows and which journeys lead through them. Every page is opened in light and dark
// and on a phone: no error in the console, no failed request, no other host, no serious finding of axe, nothing wider than
// the screen. --only takes the pages and journeys whose name has TEXT in it, or one of several TEXT,TEXT; --shots writes a picture of each page.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { House } from './house.mjs';
import { seed } from './seed.mjs';

const { values: flags } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    only: { type: 'string', default: '' },
    shots: { type: 'string', default: '' },
  },
});
const begin = Date.now();
const made = await seed(flags.url, flags.token);
const suite = [];
for (const file of readdirSync(new URL('suite/', import.meta.url))
  .filter((f) => f.endsWith('.mjs'))
  .sort()) {
  suite.push(await import(`./suite/${file}`));
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const house = new House(browser, flags, made);

const wanted = (name) => flags.only.split(',').some((text) => name.includes(text));
const tasks = [];
for (const part of suite) {
  for (const [name, run] of Object.entries(part.journeys ?? {}))
    if (wanted(name)) tasks.push({ name, run: () => house.journey(name, run) });
}
for (const part of suite) {
  for (const [name, page] of Object.entries(part.pages?.(made) ?? {})) {
    if (!wanted(name)) continue;
    for (const look of house.looks)
      tasks.push({ name: `${name} (${look})`, run: (hand) => house.page(hand, look, name, page) });
  }
}
const count = tasks.length;
const slowest = [];
// Each hand has windows of its own and takes the next task when it is done with one.
await Promise.all(
  Array.from({ length: Math.max(2, Math.min(6, availableParallelism())) }, async (_, hand) => {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      const at = Date.now();
      try {
        await task.run(hand);
      } catch (e) {
        house.problem(
          task.name,
          String(e.message ?? e)
            .split('\n')
            .slice(0, 6)
            .join(' '),
        );
      }
      slowest.push([Date.now() - at, task.name]);
    }
  }),
);
await browser.close();
slowest.sort((a, b) => b[0] - a[0]);
console.log(
  'slowest: ' +
    slowest
      .slice(0, 5)
      .map(([ms, name]) => `${name} ${(ms / 1000).toFixed(1)} s`)
      .join(', '),
);
for (const p of house.problems) console.error(p);
if (count === 0) console.error('nothing was opened');
console.log(
  `the page: ${count} looks and journeys in ${Math.round((Date.now() - begin) / 1000)} s, ${house.problems.size} problems`,
);
process.exit(house.problems.size || count === 0 ? 1 : 0);
