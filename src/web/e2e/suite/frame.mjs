// The frame around all pages: search, projects, import, help.
export const pages = ({ project }) => ({
  search: { path: `/project/${project}/runs`, then: search('TimeoutError'), ready: 'Failures and tracebacks' },
  'search-page': { path: `/project/${project}/runs`, then: search('jobs'), ready: 'Pages and settings' },
  switcher: { path: `/project/${project}/triage`, then: open('Project: '), ready: 'Recent' },
  account: { path: `/project/${project}/triage`, then: open('Your account: '), ready: 'Sign out' },
  about: { path: `/project/${project}/triage`, then: about, ready: 'Kept in this project' },
  keys: { path: `/project/${project}/triage`, then: (tab) => tab.keyboard.press('?'), ready: 'actions of the row' },
});

const open = (name) => (tab) => tab.getByRole('button', { name }).first().click();

const search = (text) => async (tab) => {
  await tab.keyboard.press('/');
  await tab.keyboard.type(text);
};

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
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
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

export const journeys = {
  'somebody searches for what a traceback says, and for a setting': find,
  'a star keeps a project at the top, in another browser, too': starred,
  'a file that is dropped anywhere becomes a run': dropped,
  'the theme follows a person': likes,
};
