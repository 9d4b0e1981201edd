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
  await page.goto(`${base}/nowhere`);
  await page.waitForURL(`**${base}/triage`);
}

export const journeys = { 'old addresses lead to the right page': oldAddresses };
