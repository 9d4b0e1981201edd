// The frame around all pages: search, projects, import, help.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const pages = ({ project }) => ({
  rail: { path: `/project/${project}/tests`, then: rail },
  search: { path: `/project/${project}/runs`, then: search('TimeoutError'), ready: 'Failures and tracebacks' },
  'search-page': { path: `/project/${project}/runs`, then: search('jobs'), ready: 'Pages and settings' },
  switcher: { path: `/project/${project}/triage`, then: open('Project: '), ready: 'Recent' },
  account: { path: `/project/${project}/triage`, then: open('Your account: '), ready: 'Sign out' },
  about: { path: `/project/${project}/triage`, then: about, ready: 'Kept in this project' },
  'row-menu': { path: `/project/${project}/results?result=failed`, then: rowMenu, ready: 'The test over time' },
  sorted: { path: `/project/${project}/runs?sort=-summary.failures`, ready: 'Outcome' },
  'filter-fault': { path: `/project/${project}/runs`, then: typed('colour:red'), ready: 'no field colour' },
  columns: { path: `/project/${project}/results`, then: chooser, ready: 'Results' },
  start: { path: `/project/${project}/start`, ready: 'Make a token' },
  members: { path: `/project/${project}/members`, ready: 'ana@example.com' },
  sessions: { path: '/profile/sessions', ready: 'this one' },
  keys: { path: `/project/${project}/triage`, then: (tab) => tab.keyboard.press('?'), ready: 'actions of the row' },
});

const open = (name) => (tab) => tab.getByRole('button', { name }).first().click();

const search = (text) => async (tab) => {
  await tab.keyboard.press('/');
  await tab.keyboard.type(text);
};

const typed = (text) => async (tab) => {
  await tab.keyboard.press('f');
  await tab.keyboard.type(text);
  await tab.keyboard.press('Enter');
};

// A phone has the rail where it is asked for.
async function rail(tab) {
  const button = tab.getByRole('button', { name: 'Navigation' });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
}

// A phone has no room for columns to choose.
async function chooser(tab) {
  const button = tab.getByRole('button', { name: 'Columns: ' });
  if (await button.isVisible()) await button.click();
}

async function rowMenu(tab) {
  await tab.keyboard.press('j');
  await tab.keyboard.press('.');
}

async function about(tab) {
  await open('Your account: ')(tab);
  await tab.getByRole('button', { name: 'About Ibutsu' }).click();
}

async function find({ page, made, check }) {
  await page.goto(`/project/${made.project}/triage`);
  await page.getByRole('heading', { name: 'Triage' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('waited 30 s for payment');
  const hit = page.getByRole('option').filter({ hasText: 'waited' }).first();
  await hit.waitFor();
  check((await hit.locator('mark').count()) > 0, 'a hit is not marked');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results/*');
  await page.keyboard.press('/');
  await page.keyboard.type('tokens');
  await page.getByRole('option', { name: /Tokens/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/profile/tokens');
}

async function starred({ page, made, api, check, window }) {
  const near = await api('POST', '/project', { name: 'a-near', title: 'A near one' });
  const far = await api('POST', '/project', { name: 'z-far', title: 'Z far one' });
  await page.goto('/project');
  await page.getByRole('button', { name: 'Star Z far one' }).click();
  await page.getByRole('heading', { name: 'Starred' }).waitFor();
  // The star is the person's, not the browser's.
  const { page: other } = await window(made.admin);
  await other.goto(`/project/${near.id}/triage`);
  await other.getByRole('button', { name: 'Project: ' }).click();
  await other.getByRole('heading', { name: 'Starred' }).waitFor();
  const first = await other.locator('.projects a').first().textContent();
  check(first.startsWith('Z far one'), `the first project is ${first}, not the starred one`);
  await other.keyboard.press('ArrowDown');
  await other.keyboard.press('Enter');
  await other.waitForURL(`**/project/${far.id}/triage`);
}
starred.as = 'admin';

async function dropped({ page, api }) {
  const project = await api('POST', '/project', { name: 'dropped', title: 'Dropped' });
  await page.goto(`/project/${project.id}/runs`);
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
  const carried = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    const report = '<testsuite name="s" tests="1"><testcase classname="a" name="b" time="1"/></testsuite>';
    data.items.add(new File([report], 'dropped.xml', { type: 'text/xml' }));
    return data;
  });
  await page.dispatchEvent('main', 'dragover', { dataTransfer: carried });
  await page.getByText('Drop to import').waitFor();
  await page.dispatchEvent('main', 'drop', { dataTransfer: carried });
  await page.getByRole('link', { name: 'Go to the run' }).click();
  await page.waitForURL(`**/project/${project.id}/runs/*`);
}
dropped.as = 'admin';

async function likes({ page, window, made, check }) {
  const dark = (tab) => tab.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
  await page.goto(`/project/${made.project}/runs`);
  await page.getByRole('button', { name: 'Your account: ' }).click();
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  await page.waitForFunction(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
  await page.keyboard.press('Escape');
  await page.reload();
  check(await dark(page), 'the theme is forgotten');
  const { page: other } = await window(made.admin);
  await other.goto(`/project/${made.project}/runs`);
  await other.getByRole('heading', { name: 'Runs' }).waitFor();
  await other.waitForFunction(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
  await other.getByRole('button', { name: 'Your account: ' }).click();
  await other.getByRole('button', { name: 'As the system' }).click();
  await other.waitForFunction(() => !document.documentElement.classList.contains('pf-v6-theme-dark'));
}
likes.as = 'admin';

// On a phone the rail comes over the page, and goes when a page is chosen.
async function pocket({ page, made, check }) {
  await page.goto(`/project/${made.project}/triage`);
  await page.getByRole('heading', { name: 'Triage' }).waitFor();
  const entry = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Tests' });
  await page.getByRole('button', { name: 'Navigation' }).click();
  await entry.click();
  await page.waitForURL('**/tests');
  await page.getByRole('heading', { name: 'Tests' }).waitFor();
  await entry.waitFor({ state: 'detached' });
  check(await page.getByRole('button', { name: 'Navigation' }).isVisible(), 'there is no way to the other pages');
}
pocket.options = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function lists({ page, made, check, settled, window }) {
  const base = `/project/${made.project}`;
  await page.goto(`${base}/results?env=qa`);
  await page.getByRole('button', { name: 'Duration' }).click();
  await page.waitForURL('**sort=-duration*');
  await settled();
  const longest = await page.locator('.body .row').first().textContent();
  check(longest.includes('_39'), `the slowest of all pages is not at the top: ${longest}`);
  await page.getByRole('button', { name: 'Columns: ' }).click();
  await page
    .getByRole('textbox', { name: 'Another value of the metadata' })
    .or(page.getByLabel('Another value of the metadata'))
    .fill('importance');
  await page.keyboard.press('Enter');
  await page.getByRole('columnheader', { name: 'importance' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.row').filter({ hasText: 'high' }).first().hover();
  await page.getByRole('button', { name: 'Without high' }).first().click();
  await page.waitForURL('**metadata.importance=%5Bne%5Dhigh*');
  await page.keyboard.press('f');
  await page.keyboard.type('-component:api');
  await page.keyboard.press('Enter');
  await page.getByText('component!=api').waitFor();
  await page.getByRole('button', { name: 'Saved filters: ' }).click();
  await page.getByLabel('Name of this filter').fill('Low and slow');
  await page.getByRole('button', { name: 'Save this filter' }).click();
  await page.keyboard.press('Escape');
  const { page: other } = await window(made.admin);
  await other.goto(`${base}/triage`);
  await other.getByRole('link', { name: 'Low and slow' }).click();
  await other.getByText('component!=api').waitFor();
  await other.getByRole('columnheader', { name: 'importance' }).waitFor();
  const file = other.waitForEvent('download');
  await other.getByRole('button', { name: 'More about this list' }).click();
  await other.getByRole('menuitem', { name: 'Export as CSV' }).click();
  check((await (await file).suggestedFilename()).endsWith('.csv'), 'the export is no CSV');
  await other.getByText('rows are in').waitFor();
  await other.getByRole('checkbox', { name: 'Select' }).first().click();
  await other.getByRole('button', { name: /^Select all/ }).click();
  await other.getByText(/^[2-9][0-9,]* selected|^1[0-9,]+ selected/).waitFor();
}
lists.as = 'admin';

// What a pipeline has: a test, a report, and the programs of the checks.
const venv = fileURLToPath(new URL('../../../../bin/venv/bin', import.meta.url));
const report = '<testsuite name="s" tests="1"><testcase classname="shop" name="pays" time="1"/></testsuite>';

/** shell runs a command as the page shows it. */
async function shell(command) {
  const folder = await mkdtemp(join(tmpdir(), 'push-'));
  try {
    await writeFile(join(folder, 'results.xml'), report);
    await writeFile(join(folder, 'test_shop.py'), 'def test_pays():\n    pass\n');
    const env = { ...process.env, PATH: venv + delimiter + process.env.PATH };
    await promisify(execFile)('sh', ['-ec', command], { cwd: folder, env });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function first({ page, api }) {
  const project = await api('POST', '/project', { name: 'fresh', title: 'Fresh' });
  await page.goto(`/project/${project.id}/runs`);
  await page.getByRole('link', { name: 'How to push the first run' }).click();
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.getByText('is not shown again').waitFor();
  await page.getByText('This page notices').waitFor();
  await shell(await page.locator('.command pre').last().textContent());
  const arrived = page.getByRole('status').getByRole('link');
  const pushed = await arrived.getAttribute('href');
  await page.getByRole('tab', { name: 'JUnit XML' }).click();
  await shell(await page.locator('.command pre').last().textContent());
  await page.waitForFunction((old) => document.querySelector('.arrival a')?.getAttribute('href') !== old, pushed);
  await arrived.click();
  await page.waitForURL('**/runs/*');
}
first.as = 'admin';

async function arrives({ page, made, check }) {
  const focused = () => page.evaluate(() => document.activeElement?.tagName);
  await page.goto(`/project/${made.project}/runs`);
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor();
  check((await focused()) === 'BODY', 'the first page takes the focus');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  check((await page.locator('h1:focus').textContent()) === 'Tests', 'the focus is not on the heading of the new page');
  await page.keyboard.press('/');
  await page.keyboard.type('tokens');
  await page.getByRole('option', { name: /Tokens/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/profile/tokens');
  await page.waitForFunction(() => document.activeElement?.textContent === 'Tokens');
}

export const journeys = {
  'lists are sorted by the server, with columns and filters that follow a person': lists,
  'the first runs are pushed by the commands of the page, which notices them': first,
  'who goes to a page stands at its heading': arrives,
  'somebody searches for what a traceback says, and for a setting': find,
  'a star keeps a project at the top, in another browser, too': starred,
  'a file that is dropped anywhere becomes a run': dropped,
  'the theme follows a person': likes,
  'somebody finds the way on a phone': pocket,
};
