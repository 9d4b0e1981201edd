// What somebody at a browser feels, measured in Chromium against a server with many results (checks/bench starts it):
//
//   node e2e/bench.mjs --url URL --token TOKEN --project ID [--passes 3] [--only scroll]
//
// Each line of the output is one figure as JSON: { what, value, unit, goal?, note? }. Of several passes the best counts, since
// whatever else the machine does only adds. Beside each time stands what a loop of fixed work took just then in the same
// browser: who compares two machines, or a busy one with a quiet one, divides by it.
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { call } from './house.mjs';
import { kB, weigh } from './weight.mjs';

const { values: flags } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    project: { type: 'string' },
    passes: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const passes = Number(flags.passes);
const api = (method, path, body) => call(flags.url, flags.token, method, path, body);
const base = `/project/${flags.project}`;
const say = (line) => console.log(JSON.stringify(line));
const round = (n) => Math.round(n * 10) / 10;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});

/** open gives a fresh browser with an empty cache, its processor so many times slower, signed in unless it is for a stranger. */
async function open({ slowdown = 1, stranger = false } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1400, height: 900 },
    locale: 'en-GB',
    baseURL: flags.url,
  });
  if (!stranger)
    await context.addInitScript(
      (user) => localStorage.setItem('user', user),
      JSON.stringify({ name: 'Bench', email: 'bench@example.com', token: flags.token }),
    );
  await context.addInitScript(probe);
  const tab = await context.newPage();
  tab.setDefaultTimeout(120000);
  const debug = await context.newCDPSession(tab);
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
  await debug.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  /** processor is how many ms the page's thread has worked so far. */
  const processor = async () => {
    const { metrics } = await debug.send('Performance.getMetrics');
    return metrics.find((m) => m.name === 'TaskDuration').value * 1000;
  };
  return { tab, processor, close: () => context.close() };
}

// Runs in the page before anything of its own.
function probe() {
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) longTasks.push(e.duration);
  }).observe({ type: 'longtask', buffered: true });
  // Resolves when something is drawn and the page has nothing else to do.
  globalThis.whenShown = (is) =>
    new Promise((resolve) => {
      const look = () => (is() ? requestIdleCallback(() => resolve(performance.now())) : requestAnimationFrame(look));
      look();
    });
  globalThis.whenThere = (selector) => whenShown(() => document.querySelector(selector) !== null);
  // A list shows rows, and what it shows has come.
  globalThis.whenRows = (also = () => true) =>
    whenShown(() => document.querySelector('.body .row') && !document.querySelector('.body .ghost') && also());
}

/** loop is how many ms the browser takes for a fixed piece of work, at best. */
const loop = (tab) =>
  tab.evaluate(() => {
    let best = Infinity;
    for (let turn = 0; turn < 5; turn++) {
      const begin = performance.now();
      let x = 1;
      for (let i = 0; i < 4e6; i++) x = (x * 31 + i) | 0;
      best = Math.min(best, performance.now() - begin + (x === 7 ? 1 : 0));
    }
    return best;
  });

/** best takes a figure several times and says the smallest. take opens, measures and closes; it returns ms and notes. */
async function best(what, goal, take) {
  const all = [];
  for (let pass = 0; pass < passes; pass++) all.push(await take());
  all.sort((a, b) => a.ms - b.ms);
  const { ms, looped, note } = all[0];
  say({
    what,
    value: round(ms),
    unit: 'ms',
    ...(goal && { goal }),
    note: [looped && `loop ${round(looped)} ms`, all.length > 1 && `worst ${round(all.at(-1).ms)} ms`, note]
      .filter(Boolean)
      .join(', '),
  });
}

/** visit goes to an address in a fresh browser and waits for what it shows. */
async function visit(path, selector, options) {
  const { tab, processor, close } = await open(options);
  const looped = await loop(tab);
  const before = await processor();
  await tab.goto(path, { waitUntil: 'commit' });
  const ms = await tab.evaluate((s) => whenThere(s), selector);
  const worked = (await processor()) - before;
  const tasks = await tab.evaluate(() => longTasks.map(Math.round));
  await close();
  return {
    ms,
    looped,
    note: `${Math.round(worked)} ms of the processor${tasks.length ? `, long tasks ${tasks.join(' ')} ms` : ''}`,
  };
}

const figures = {
  async size() {
    const { tab, close } = await open();
    await tab.goto(base + '/triage');
    await tab.evaluate(() => whenThere('.serie'));
    await tab.waitForLoadState('networkidle').catch(() => {}); // a stream of events stays open
    const weight = await weigh(tab);
    await close();
    say({ what: 'script of the first view, compressed', value: round(kB(weight.script)), unit: 'kB', goal: 300 });
    for (const f of weight.script) say({ what: `  ${f.name}`, value: round(f.kB), unit: 'kB' });
    say({
      what: 'styles of the first view, compressed',
      value: round(kB(weight.style)),
      unit: 'kB',
      note: weight.style.map((f) => f.name).join(', '),
    });
    say({
      what: 'fonts of the first view',
      value: round(kB(weight.font)),
      unit: 'kB',
      note: `${weight.font.length} files`,
    });
  },

  async first() {
    const slow = { slowdown: 4 };
    await best('sign-in, from nothing, processor 4 times slower', 1000, () =>
      visit('/login', 'input[type=password]', { ...slow, stranger: true }),
    );
    await best('triage, from nothing, processor 4 times slower', 1000, () => visit(base + '/triage', '.serie', slow));
    await best('results, from nothing, processor 4 times slower', 1000, () =>
      visit(base + '/results', '.body .row:not(:has(.ghost))', slow),
    );
    await best('triage, from nothing', 0, () => visit(base + '/triage', '.serie'));
    await best('a run of 500 results, from nothing, 4 times slower', 0, () =>
      visit(`${base}/runs/${run500}`, '.group', slow),
    );
  },

  async filter() {
    const changes = ['result:failed', 'env:qa', 'component:login', 'exception~Timeout', 'job:job-07', 'result:error'];
    for (const slowdown of [1, 4]) {
      const { tab, close } = await open({ slowdown });
      await tab.goto(base + '/results');
      await tab.evaluate(() => whenRows());
      const took = [];
      const line = tab.getByRole('combobox', { name: 'Filter results' });
      for (const typed of [...changes, ...changes]) {
        await line.fill(typed);
        const shown = tab.evaluate(() => {
          const before = document.querySelector('[role=table]').getAttribute('aria-rowcount');
          return new Promise((resolve) =>
            document.addEventListener(
              'keydown',
              (e) =>
                void whenShown(
                  () =>
                    document.querySelector('[role=table]')?.getAttribute('aria-rowcount') !== before &&
                    !document.querySelector('.body .ghost'),
                ).then((at) => resolve(at - e.timeStamp)),
              { capture: true, once: true },
            ),
          );
        });
        await line.press('Enter');
        took.push(await shown);
        await tab.goto(base + '/results');
        await tab.evaluate(() => whenRows());
      }
      const looped = await loop(tab);
      await close();
      took.sort((a, b) => a - b);
      say({
        what: `filter of 200,000 results, Enter to rows${slowdown > 1 ? ', 4 times slower' : ''}`,
        value: round(took[took.length >> 1]),
        unit: 'ms',
        ...(slowdown === 1 && { goal: 200 }),
        note: `middle of ${took.length}, worst ${round(took.at(-1))} ms, loop ${round(looped)} ms`,
      });
    }
  },

  async scroll() {
    for (const slowdown of [1, 4]) {
      const slower = slowdown > 1 ? ', 4 times slower' : '';
      for (const [what, move] of Object.entries(moves).slice(0, slowdown > 1 ? 1 : 9)) {
        const { tab, close } = await open({ slowdown });
        await tab.goto(base + '/results');
        await tab.evaluate(() => whenRows());
        const looped = await loop(tab);
        const asked = [];
        tab.on('request', (r) => {
          if (r.url().includes('/api/result?')) asked.push(r.url());
        });
        await tab.evaluate(() => {
          longTasks.length = 0;
          globalThis.frames = [];
          let last = performance.now();
          const tick = (now) => {
            frames.push(now - last);
            last = now;
            requestAnimationFrame(tick);
          };
          requestAnimationFrame(tick);
        });
        await browser.startTracing(tab, { categories: ['disabled-by-default-devtools.timeline', 'toplevel'] });
        await tab.mouse.move(700, 500);
        await move(tab);
        const rest = await tab.evaluate(async () => {
          const begin = performance.now();
          return (await whenRows()) - begin;
        });
        const trace = JSON.parse(String(await browser.stopTracing()));
        const [tasks, frames] = await tab.evaluate(() => [longTasks, frames]);
        await close();
        say({
          what: `${what}${slower}: longest task`,
          value: round(longestOf(trace.traceEvents)),
          unit: 'ms',
          ...(slowdown === 1 && { goal: 100 }),
          note:
            `by the clock ${Math.round(Math.max(0, ...tasks))} ms, ${tasks.length} over 50 ms, ` +
            `${frames.filter((f) => f > 34).length} of ${frames.length} frames late, ` +
            `${asked.length} pages asked for, rows ${Math.round(rest)} ms after the end, loop ${round(looped)} ms`,
        });
      }
    }
  },

  async run() {
    const id = await import10000();
    const slow = { slowdown: 4 };
    await best('a run of 10,000 results: failures, 4 times slower', 0, () =>
      visit(`${base}/runs/${id}`, '.group', slow),
    );
    await best('a run of 10,000 results: all results', 0, () =>
      visit(`${base}/runs/${id}#results-list`, '.body .row:not(:has(.ghost))'),
    );
    await best('a run of 10,000 results: tree', 0, () => visit(`${base}/runs/${id}#results-tree`, '.body .row'));
  },

  async dashboard() {
    const id = await board();
    const drawn = '.board:has(.widget-body):not(:has(.widget-wait, [aria-busy="true"]))';
    for (const slowdown of [1, 4])
      await best(`a dashboard of 7 widgets${slowdown > 1 ? ', 4 times slower' : ''}`, 0, () =>
        visit(`${base}/dashboard/${id}`, drawn, { slowdown }),
      );
  },
};

const moves = {
  // From the first row to the last.
  '200,000 rows by wheel, fast': async (tab) => {
    for (let i = 0; i < 300; i++) await tab.mouse.wheel(0, 30000);
  },
  'by wheel, as one reads': async (tab) => {
    for (let i = 0; i < 300; i++) await tab.mouse.wheel(0, 240);
  },
  'jumps of the scroll bar': (tab) =>
    tab.evaluate(async () => {
      const body = document.querySelector('.rows .body');
      for (let i = 0; i < 60; i++) {
        body.scrollTop = ((i * 0.381966) % 1) * body.scrollHeight;
        await new Promise((r) => setTimeout(r, 50));
      }
    }),
  'the key j, held down': async (tab) => {
    for (let i = 0; i < 300; i++) await tab.keyboard.press('j');
  },
};

/** longestOf is the most that one task took of the processor, in ms: by the clock it is longer where others have the processor meanwhile. */
function longestOf(events) {
  const main = new Set(
    events.filter((e) => e.name === 'thread_name' && e.args?.name === 'CrRendererMain').map((e) => `${e.pid} ${e.tid}`),
  );
  let longest = 0;
  for (const e of events)
    if (e.tdur && /RunTask$/.test(e.name) && main.has(`${e.pid} ${e.tid}`)) longest = Math.max(longest, e.tdur);
  return longest / 1000;
}

/** import10000 sends a run of 10,000 results as CI does, and waits until it is there. */
async function import10000() {
  const cases = Array.from({ length: 10000 }, (_, i) => {
    const name = `classname="tests.${['cart', 'mail', 'search'][i % 3]}.test_${i % 97}" name="test_${i}" time="0.2"`;
    return i % 25
      ? `<testcase ${name}/>`
      : `<testcase ${name}><failure message="assert ${i % 7}">E   step ${i % 7}</failure></testcase>`;
  });
  const form = new FormData();
  form.set('project', flags.project);
  form.set(
    'importFile',
    new Blob([`<testsuite name="large" tests="10000">${cases.join('')}</testsuite>`]),
    'large.xml',
  );
  let made = await api('POST', '/import', form);
  while (made.status !== 'done') {
    if (made.status === 'error') throw new Error(`the import failed: ${JSON.stringify(made.metadata)}`);
    await new Promise((r) => setTimeout(r, 200));
    made = await api('GET', `/import/${made.id}`);
  }
  return [made.run_id ?? made.metadata.run_id].flat()[0];
}

/** board makes a dashboard with a widget of each kind that needs no choice of components. */
async function board() {
  const { id } = await api('POST', '/dashboard', { title: 'Bench', description: '', project_id: flags.project });
  const job = { job_name: 'job-07', builds: 20 };
  const widgets = [
    ['result-summary', {}],
    ['run-aggregator', { group_field: 'component', weeks: 4 }],
    ['result-aggregator', { group_field: 'metadata.exception_name', days: 30 }],
    ['jenkins-heatmap', { ...job, group_field: 'component', count_skips: false }],
    ['jenkins-bar-chart', job],
    ['jenkins-line-chart', job],
    ['filter-heatmap', { additional_filters: 'env=qa', builds: 5, group_field: 'component' }],
  ];
  for (const [i, [widget, params]] of widgets.entries())
    await api('POST', '/widget-config', {
      title: widget,
      widget,
      params,
      weight: i,
      type: 'widget',
      dashboard_id: id,
      project_id: flags.project,
    });
  return id;
}

const run500 = (await api('GET', `/run?pageSize=1&filter=project_id=${flags.project}&filter=source=bench-1`)).runs[0]
  .id;
for (const [name, take] of Object.entries(figures)) if (name.includes(flags.only)) await take();
await browser.close();
