// The house in which pages are looked at and journeys made.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const desktop = { width: 1400, height: 900 };
const phone = { width: 390, height: 844 };
const looks = {
  'desktop-light': { colorScheme: 'light', viewport: desktop },
  'desktop-dark': { colorScheme: 'dark', viewport: desktop },
  'phone-light': { colorScheme: 'light', viewport: phone },
  'phone-dark': { colorScheme: 'dark', viewport: phone },
};

export class House {
  problems = new Set();
  looks;
  #browser;
  #url;
  #token;
  #made;
  #shots;
  #windows = new Map();

  constructor(browser, { url, token, shots }, made) {
    [this.#browser, this.#url, this.#token, this.#made, this.#shots] = [browser, url, token, made, shots];
    this.looks = Object.keys(looks).filter((l) => shots || l !== 'phone-dark');
  }

  problem(where, what) {
    this.problems.add(`${where}: ${what}`);
  }

  /** window opens a fresh browser for somebody: made.ana, made.admin, or null for a stranger. */
  async window(who, options = {}) {
    const context = await this.#browser.newContext({
      viewport: desktop,
      locale: 'en-GB',
      baseURL: this.#url,
      ...options,
    });
    if (who)
      await context.addInitScript((user) => {
        if (origin !== 'null' && !localStorage.getItem('user') && !sessionStorage.getItem('left'))
          localStorage.setItem('user', user);
      }, JSON.stringify(who));
    const page = await context.newPage();
    return { page, watch: new Watch(this, page, this.#url) };
  }

  /**
   * page opens one page in one look. page is a path, or { path, as, then, ready }: as is null for strangers or 'admin', then
   * does something with what is shown first, ready is a text to wait for.
   */
  async page(hand, look, name, page) {
    const { path, as = 'ana', then, ready } = typeof page === 'string' ? { path: page } : page;
    const key = `${hand} ${look} ${as}`;
    if (!this.#windows.has(key)) this.#windows.set(key, await this.window(as && this.#made[as], looks[look]));
    const { page: tab, watch } = this.#windows.get(key);
    watch.where = `${name} (${look})`;
    await tab.goto(path);
    if (then) {
      await watch.settled();
      await then(tab);
    }
    if (ready) await tab.getByText(ready).first().waitFor();
    await this.look(tab, watch, look, name);
  }

  /** look judges what is shown, and takes a picture. */
  async look(tab, watch, look, name) {
    await watch.settled();
    if (this.#shots) {
      mkdirSync(`${this.#shots}/${look}`, { recursive: true });
      await tab.screenshot({ path: `${this.#shots}/${look}/${name}.png` });
    }
    const [width, limit] = await tab.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (width > limit) this.problem(watch.where, `${width} px wide, the screen has ${limit}`);
    // The policy of the page forbids a script from elsewhere, so axe comes through the debugger.
    await tab.evaluate(`if (!window.axe) { ${axe} } 0`);
    const found = await tab.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
    for (const v of found.violations) {
      if (!['serious', 'critical'].includes(v.impact)) continue;
      this.problem(
        watch.where,
        `axe ${v.id}: ${v.nodes
          .slice(0, 3)
          .map((n) => `${n.html.slice(0, 140)} ${(n.any[0]?.message ?? '').slice(0, 120)}`)
          .join(' | ')}`,
      );
    }
  }

  /** journey gives a person a fresh window and leads her through run({ page, made, api, check, allow, window, goto }). */
  async journey(name, run) {
    const open = [];
    const window = async (who = this.#made.ana, options = {}) => {
      const w = await this.window(who, options);
      w.watch.where = name;
      open.push(w);
      return w;
    };
    let first;
    try {
      first = await window(run.as === undefined ? this.#made.ana : run.as && this.#made[run.as], run.options);
      first.page.setDefaultTimeout(10000);
      await run({
        page: first.page,
        made: this.#made,
        url: this.#url,
        api: (method, path, body) => call(this.#url, this.#token, method, path, body),
        check: (ok, what) => {
          if (!ok) this.problem(name, what);
        },
        allow: (pattern) => first.watch.allowed.push(pattern), // what a journey provokes
        settled: () => first.watch.settled(),
        window,
      });
    } catch (e) {
      throw new Error(`${String(e.message).split('\n').slice(0, 4).join(' ')} at ${first?.page.url()}`, { cause: e });
    } finally {
      for (const { page } of open) await page.context().close();
    }
  }
}

// Watch listens to a tab: what it complains of is a problem of where it is.
class Watch {
  where = '';
  allowed = [];
  #pending = new Set();
  #tab;

  constructor(house, tab, url) {
    this.#tab = tab;
    const say = (what) => {
      if (!this.allowed.some((a) => a.test(what))) house.problem(this.where, what);
    };
    tab.on('console', (m) => {
      if (['error', 'warning'].includes(m.type())) say(`console: ${m.text()} ${m.location().url}`);
    });
    tab.on('pageerror', (e) => say(e.message));
    tab.on('request', (r) => {
      if (!r.url().startsWith(url) && !/^(blob|data|about):/.test(r.url())) say(`asks another host: ${r.url()}`);
      if (!/\/events\b/.test(r.url())) this.#pending.add(r); // which never end
    });
    tab.on('requestfinished', (r) => this.#pending.delete(r));
    tab.on('requestfailed', (r) => {
      this.#pending.delete(r);
      if (!/ERR_ABORTED/.test(r.failure()?.errorText ?? '')) say(`${r.url()} ${r.failure()?.errorText}`);
    });
    tab.on('response', (r) => {
      if (r.status() >= 400) say(`${r.status()} ${r.url()}`);
    });
  }

  /** settled waits until nothing is asked for, loaded or moved any more. */
  async settled() {
    const limit = Date.now() + 15000;
    for (let calm = 0; calm < 3;) {
      if (Date.now() > limit)
        throw new Error(
          `does not come to rest: ${[...this.#pending].map((r) => r.url()).join(' ') || 'something is busy'}`,
        );
      const busy =
        this.#pending.size > 0 ||
        (await this.#tab
          .evaluate(
            () =>
              document.querySelector('[aria-busy="true"], .busy.on') !== null ||
              document
                .getAnimations()
                .some((a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Infinity),
          )
          .catch(() => true));
      calm = busy ? 0 : calm + 1;
      await new Promise((r) => setTimeout(r, 40));
    }
  }
}

/** call asks the API for JSON and fails on a refusal. */
export async function call(url, token, method, path, body) {
  const form = body instanceof FormData;
  const answer = await fetch(url + '/api' + path, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && !form && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
