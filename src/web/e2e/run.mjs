// The page in a real browser: node e2e/run.mjs URL TOKEN [--shots FOLDER]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { seed } from './seed.mjs';

const [url, token] = process.argv.slice(2);
const shots = process.argv.indexOf('--shots') > 0 ? process.argv[process.argv.indexOf('--shots') + 1] : '';
const made = await seed(url, token);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const problems = [];
const check = (ok, what) => { if (!ok) problems.push(what); };

function watch(page) {
  let where = '';
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) problems.push(`${where}: console: ${m.text()}`); });
  page.on('pageerror', (e) => problems.push(`${where}: ${e.message}`));
  page.on('requestfailed', (r) => { if (!/ERR_ABORTED/.test(r.failure()?.errorText ?? '')) problems.push(`${where}: ${r.url()} ${r.failure()?.errorText}`); });
  page.on('response', (r) => { if (r.status() >= 400) problems.push(`${where}: ${r.status()} ${r.url()}`); });
  page.on('request', (r) => { if (!r.url().startsWith(url) && !/^(blob|data):/.test(r.url())) problems.push(`${where}: asks another host: ${r.url()}`); });
  return (name) => { where = name; };
}

const base = `/project/${made.project}`;
const run = made.runs.at(-2);
const failure = made.failures[0];
const pages = {
  triage: base + '/triage', runs: base + '/runs', run: `${base}/runs/${run}`, 'run-list': `${base}/runs/${run}#results-list`, 'run-tree': `${base}/runs/${run}#results-tree`, 'run-details': `${base}/runs/${run}#details`, 'run-raw': `${base}/runs/${run}#run-object`, 'run-artifacts': `${base}/runs/${run}#artifacts`,
  results: `${base}/results?result=[in]failed;error`, 'results-none': `${base}/results?env=nowhere`, result: `${base}/results/${failure}`, 'result-metadata': `${base}/results/${failure}#metadata`, test: `${base}/test?q=${encodeURIComponent('tests/api/test_cards.py::test_charges_3')}`, compare: `${base}/compare?a=${made.runs.at(-5)}&b=${run}`, 'compare-none': `${base}/compare`,
  imports: base + '/imports', projects: '/project', profile: '/profile/user', tokens: '/profile/tokens',
};

async function look(page, name, folder, theme) {
  await page.waitForLoadState('networkidle');
  await page.waitForTimeout(150);
  if (shots) await page.screenshot({ path: `${shots}/${folder}/${name}.png` });
  // The policy of the page forbids a script from elsewhere, so axe comes through the debugger.
  await page.evaluate(axe + ';0');
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  for (const v of found.violations) if (['serious', 'critical'].includes(v.impact)) problems.push(`${name} ${theme}: axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140) + ' ' + (n.any[0]?.message ?? '').slice(0, 120)).join(' | ')}`);
}

for (const theme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries({ desktop: { width: 1400, height: 900 }, phone: { width: 390, height: 844 } })) {
    if (!shots && device === 'phone' && theme === 'dark') continue;
    const folder = `${device}-${theme}`;
    if (shots) mkdirSync(`${shots}/${folder}`, { recursive: true });
    const context = await browser.newContext({ viewport, colorScheme: theme, locale: 'en-GB' });
    const page = await context.newPage();
    const at = watch(page);
    at('login');
    for (const name of ['login', 'sign-up', 'forgot-password', 'reset-password/abc']) {
      await page.goto(url + '/' + name);
      await look(page, name.replace('/', '-'), folder, theme);
    }
    // Somebody follows a link, signs in and is where the link leads.
    await page.goto(url + pages.result);
    await page.getByLabel('E-mail').fill(made.email);
    await page.getByLabel('Password').fill(made.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**' + pages.result);
    for (const [name, path] of Object.entries(pages)) {
      at(`${name} ${folder}`);
      await page.goto(url + path);
      await look(page, name, folder, theme);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      check(width <= viewport.width, `${name} ${folder}: ${width} px wide`);
    }
    await context.close();
  }
}

// Triage by keyboard alone.
{
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const at = watch(page);
  at('journey');
  await page.goto(url + '/login');
  await page.getByLabel('E-mail').fill(made.email);
  await page.getByLabel('Password').fill(made.password);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Payments' }).first().click();
  await page.getByRole('heading', { name: 'Triage' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.getByRole('heading', { name: 'Results' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('result:failed|error');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results?result=*');
  await page.keyboard.press('Escape');
  await page.getByRole('row').nth(1).waitFor();
  await page.waitForTimeout(500);
  await page.keyboard.press('j');
  await page.keyboard.press('Space');
  await page.keyboard.press('j');
  await page.keyboard.press('Space');
  await page.getByText('2 selected').waitFor({ timeout: 5000 }).catch(() => problems.push('journey: two rows are not selected'));
  await page.keyboard.press('c');
  await page.keyboard.press('p');
  await page.getByText('2 results classified as product').waitFor({ timeout: 5000 }).catch(() => problems.push('journey: not classified'));
  const shown = await page.getByRole('button', { name: 'Product' }).count();
  check(shown >= 3, 'journey: the rows do not show their class');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back').waitFor({ timeout: 5000 }).catch(() => problems.push('journey: not taken back'));
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results/*');
  await page.getByText('E   ').first().waitFor();
  const first = page.url();
  await page.getByRole('button', { name: 'Next failure' }).waitFor();
  await page.keyboard.press(']');
  await page.waitForTimeout(400);
  if (page.url() === first) await page.keyboard.press('[');
  await page.waitForTimeout(400);
  check(page.url() !== first, 'journey: no next failure');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await page.goto(`${url}${base}/imports`);
  await page.getByText('report.xml', { exact: true }).waitFor({ timeout: 5000 }).catch(() => problems.push('journey: the import is not listed'));
  // Links of the original and of reporters.
  await page.goto(`${url}/runs/${run}#summary`);
  await page.waitForURL(`**${base}/runs/${run}*`);
  await page.goto(`${url}${base}/nowhere`);
  await page.waitForURL(`**${base}/triage`);
  await page.evaluate(() => localStorage.setItem('user', JSON.stringify({ email: 'x', token: 'gone' })));
  at('expired');
  const before = problems.length;
  await page.goto(`${url}${base}/runs`);
  await page.waitForURL('**/login?back=*');
  problems.splice(before); // an expired token is answered with 401, which the console reports
  await context.close();
}
await browser.close();
if (problems.length) {
  console.error([...new Set(problems)].join('\n'));
  process.exit(1);
}
console.log('The page works: every page, both themes, two sizes, the journeys.');
