// What is very long, very many, one, none or nothing: it stays within its place, and all of it can be reached.
import { builds, groups, jobs, long } from '../extremes.mjs';

const analysis = (project, job, more = '') =>
  `/project/${project}/view/jenkins-analysis-view?job_name=${encodeURIComponent(job)}&builds=150${more}`;

export const pages = ({ extremes: { project, board } }) => {
  const as = 'admin';
  return {
    extremes: { path: `/project/${project}/dashboard/${board}`, as },
    'extremes-heatmap': { path: analysis(project, jobs.wide), as },
    'extremes-health': { path: analysis(project, jobs.wide, '#overall-health'), as },
    'extremes-duration': { path: analysis(project, jobs.many, '#build-durations'), as },
    'extremes-numbers': { path: analysis(project, jobs.wide, '&as=table'), as },
    'extremes-choice': { path: `/project/${project}/view/jenkins-analysis-view`, as },
    'extremes-jobs': { path: `/project/${project}/view/jenkins-job-view`, as },
    'extremes-accessibility': { path: `/project/${project}/view/accessibility-dashboard-view`, as },
  };
};

// Hundreds of rows are offered piece by piece, names are cut and told, and what is wide is scrolled where it stands.
async function fits({ page, made, check, settled }) {
  const { project, board } = made.extremes;
  await page.goto(`/project/${project}/dashboard/${board}`);
  const widget = (title) => page.getByRole('region', { name: title, exact: true });
  const heat = widget(`Heatmap of ${jobs.wide}`);
  await heat.getByRole('columnheader', { name: String(builds.wide), exact: true }).waitFor();
  await settled();
  const rows = () => heat.locator('tbody tr').count();
  const all = groups + 5; // those of every build
  check((await rows()) === 25, `${await rows()} of ${all} rows are drawn at once`);
  await heat.getByText(`${all - 25} more of ${all} rows`).waitFor();
  await heat.getByRole('button', { name: 'Show 50 more' }).click();
  check((await rows()) === 75, `after more there are ${await rows()} rows`);
  await heat.getByRole('button', { name: 'Show 150 more' }).click();
  await heat.getByRole('button', { name: 'Show them' }).click();
  check((await rows()) === all, `after all there are ${await rows()} rows`);

  const name = await heat.getByTitle(long('component'), { exact: true }).evaluate((a) => {
    const [cell, body] = [a.closest('th').getBoundingClientRect(), a.closest('.widget-body').getBoundingClientRect()];
    return { cut: a.scrollWidth > a.clientWidth, share: cell.width / body.width };
  });
  check(name.cut && name.share < 0.6, `the long name takes ${name.share.toFixed(2)} of the widget`);

  const spilled = await page.evaluate(() =>
    [...document.querySelectorAll('.spot')]
      .filter((spot) => {
        const body = spot.querySelector('.widget-body').getBoundingClientRect();
        const card = spot.getBoundingClientRect();
        return body.right > card.right + 1 || body.bottom > card.bottom + 1;
      })
      .map((spot) => spot.querySelector('h2').textContent),
  );
  check(spilled.length === 0, `wider than their place: ${spilled}`);
  const newest = await heat.locator('.widget-body').evaluate((b) => b.scrollWidth - b.clientWidth - b.scrollLeft);
  check(newest <= 1, `the newest build is ${newest} px out of sight`);
  for (const title of ['No row', 'No result']) await widget(title).getByText('Nothing to show').waitFor();
  await widget('Nothing passed').getByText('0 %', { exact: true }).first().waitFor();
}
fits.as = 'admin';

// The runs that a build had are one cell, which says so and leads to them.
async function together({ page, made, check, settled }) {
  const { project } = made.extremes;
  await page.goto(analysis(project, jobs.wide, '&component=in-shards'));
  const cell = page.getByRole('link', {
    name: `in-shards, build ${builds.wide}, 3 runs, 83 % passed together, 100 % in the newest`,
  });
  await cell.waitFor();
  await settled();
  check(
    (await cell.locator('.times').evaluate((e) => getComputedStyle(e, '::after').content)).includes('3'),
    'the cell does not show how many runs it has',
  );
  await cell.click();
  await page.getByText('3 runs', { exact: true }).waitFor();
}
together.as = 'admin';

// The analysis of a job takes filters, in the address and in each of its tabs, and keeps them on the way to lists.
async function limited({ page, made, check, settled }) {
  const { project } = made.extremes;
  await page.goto(`/project/${project}/view/jenkins-job-view?env=stage`);
  await page.getByText(`${builds.many / 2} builds`, { exact: true }).waitFor();
  await page.getByRole('link', { name: jobs.many }).first().click();
  await page.waitForURL((u) => u.searchParams.get('job_name') === jobs.many && u.searchParams.get('env') === 'stage');
  await page.getByRole('tab', { name: 'Health' }).click();
  await page.locator('.variables').getByLabel('Builds').selectOption('150');
  await page.getByRole('group', { name: `Results of ${builds.many / 2} builds` }).waitFor();
  check(new URL(page.url()).hash === '#overall-health', 'another number of builds leads to another tab');
  await page.getByRole('combobox', { name: 'Filter runs' }).fill('summary.failures>0');
  await page.keyboard.press('Enter');
  await page.getByRole('group', { name: `Results of ${builds.many / 4} builds` }).waitFor();
  await page.getByRole('tab', { name: 'Duration' }).click();
  await page.getByRole('group', { name: `Duration of ${builds.many / 4} builds` }).waitFor();
  await page.getByRole('tab', { name: 'Heatmap' }).click();
  await page.getByRole('link', { name: `api, build ${builds.many}, 75 % passed` }).waitFor();
  await page.reload();
  await page.getByRole('link', { name: `api, build ${builds.many}, 75 % passed` }).waitFor();
  await page.getByRole('button', { name: 'Remove env:stage' }).click();
  await page.getByRole('combobox', { name: 'Filter runs' }).fill('env:nowhere');
  await page.keyboard.press('Enter');
  await page.getByText('Only what matches summary.failures>0 and env:nowhere is looked at.').waitFor();
  await page.getByRole('button', { name: 'Clear all' }).click();
  await page.getByRole('link', { name: 'All its runs' }).click();
  await page.getByText(`${builds.many} runs`, { exact: true }).waitFor();
  await settled();
}
limited.as = 'admin';

export const journeys = {
  'what is extreme fits': fits,
  'several runs of a build are one': together,
  'the analysis of a job is limited': limited,
};
