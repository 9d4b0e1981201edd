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

export const journeys = {
  'an HTML artifact keeps its styles and gets at nothing': showcase,
  'old addresses lead to the right page': oldAddresses,
};
