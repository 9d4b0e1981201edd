// A person's own pages, imports, and addresses of old.
export const pages = ({ project }) => ({
  projects: '/project',
  imports: { path: `/project/${project}/imports`, ready: 'report.xml' },
  profile: '/profile/user',
  tokens: '/profile/tokens',
});

async function oldAddresses({ page, made }) {
  const base = `/project/${made.project}`;
  const run = made.runs.at(-2);
  await page.goto(`/runs/${run}#summary`); // as the reporter of Playwright prints it
  await page.waitForURL(`**${base}/runs/${run}*`);
  await page.goto(`${base}/results?result=[in]failed;error&env=[ne]stage&page=3&pageSize=20`);
  await page.getByText('result:failed|error').waitFor();
  await page.getByText('env!=stage').waitFor();
  await page.goto(`${base}/nowhere`);
  await page.waitForURL(`**${base}/triage`);
}

async function showcase({ page, made, api, allow, check }) {
  const form = new FormData();
  form.set('runId', made.runs[0]);
  form.set('filename', 'report.html');
  form.set(
    'file',
    new Blob([
      '<style>p { color: rgb(1, 2, 3) }</style><p id="styled">A report</p><p id="script">untouched</p><script>document.getElementById("script").textContent = "run"</script><img src="http://other.invalid/x.png">',
    ]),
    'report.html',
  );
  await api('POST', '/artifact', form);
  allow(/Content.Security.Policy|other\.invalid/i); // what the showcase refuses to the report
  await page.goto(`/project/${made.project}/runs/${made.runs[0]}#artifacts`);
  const styled = page.frameLocator('iframe').locator('#styled');
  await styled.waitFor();
  check(
    (await styled.evaluate((e) => getComputedStyle(e).color)) === 'rgb(1, 2, 3)',
    'an HTML artifact has lost its style',
  );
  check((await styled.evaluate(() => origin)) === 'null', 'an HTML artifact runs in our origin');
  check(
    (await page.frameLocator('iframe').locator('#script').textContent()) === 'untouched',
    'a script of an HTML artifact runs',
  );
}

const junit = (cases) =>
  `<testsuite name="s">${Array.from({ length: cases }, (_, i) => `<testcase classname="a.b" name="t${i}" time="1"/>`).join('')}</testsuite>`;

// What was sent is followed, ended while it is read, and tried again when it has failed.
async function sent({ page, api, check }) {
  const project = await api('POST', '/project', { name: `sent-${Date.now()}`, title: 'Sent' });
  const send = (name, content) => {
    const form = new FormData();
    form.set('project', project.id);
    form.set('importFile', new Blob([content]), name);
    return api('POST', '/import', form);
  };
  await send('broken.xml', '<testsuite><testcase name="a"></testsuite>');
  await page.goto(`/project/${project.id}/imports`);
  const broken = page.getByRole('row', { name: 'broken.xml' });
  await broken.getByText('✕ failed').waitFor();
  await broken.getByText('element testcase').waitFor();
  await broken.getByText('by Admin').waitFor();
  await broken.getByText('42 bytes').waitFor();
  const tried = page.waitForResponse((r) => /\/import\/[^/]*\/retry$/.test(r.url()));
  await broken.getByRole('button', { name: 'Try again' }).click();
  check((await tried).ok(), 'a failed import is not tried again');
  await broken.getByText('✕ failed').waitFor();

  await send('large.xml', junit(150_000));
  await page.reload();
  const large = page.getByRole('row', { name: 'large.xml' });
  const bar = large.locator('progress[max="150000"]');
  await bar.waitFor({ timeout: 30000 });
  check((await bar.getAttribute('value')) !== '0', 'the bar has no value');
  await large.getByText('of 150,000 rows').waitFor();
  await large.getByRole('button', { name: 'Cancel' }).click();
  await large.getByText('◌ cancelled by').waitFor();
  await large.getByRole('button', { name: 'Try again' }).waitFor();
  const runs = await api('GET', `/run?filter=project_id=${project.id}`);
  check(runs.pagination.totalItems === 0, 'a cancelled import has left something');
}
sent.as = 'admin';

export const journeys = {
  'what was sent is followed, ended, and tried again': sent,
  'an HTML artifact keeps its styles and gets at nothing': showcase,
  'old addresses lead to the right page': oldAddresses,
};
