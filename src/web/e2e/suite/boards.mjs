// Dashboards with every kind of widget, and the views of a project.
import { readFileSync } from 'node:fs';

export const pages = ({ project, boards: { board, empty, widgets, views, accessible } }) => {
  const base = `/project/${project}`;
  const view = (kind) => `${base}/view/${views[kind]}`;
  const build = (n) => encodeURIComponent(`metadata.jenkins.build_number=${n},component=api`);
  return {
    dashboard: `${base}/dashboard/${board}`,
    'dashboard-edit': `${base}/dashboard/${board}?edit=1&env=qa`,
    'dashboard-wall': `${base}/dashboard/${board}?tv=1`,
    'dashboard-numbers': `${base}/dashboard/${board}?${widgets.map((w) => `w.${w.slice(0, 8)}.as=table`).join('&')}`,
    'dashboard-empty': `${base}/dashboard/${empty}`,
    'dashboard-gone': `${base}/dashboard/${widgets[0]}`,
    views: `${base}/view`,
    'view-jobs': view('jenkins-job-view'),
    'view-analysis': `${view('jenkins-analysis-view')}?job_name=[eq]payments-nightly`,
    'view-health': `${view('jenkins-analysis-view')}?chart=area#overall-health`,
    'view-duration': `${view('jenkins-analysis-view')}#build-durations`,
    'view-compare': `${view('compare-runs-view')}?left=${build(102)}&right=${build(106)}`,
    'view-compare-none': view('compare-runs-view'),
    'view-accessibility': view('accessibility-dashboard-view'),
    'view-accessibility-run': `${base}/view/accessibility-analysis-view?run_list=${accessible.join(',')}`,
    'view-accessibility-results': `${base}/view/accessibility-analysis-view?run_list=${accessible[0]}#results-list`,
  };
};

/** Where the widgets stand, by title, to the pixel. */
const places = (page) =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('.spot')]
        .map((s) => {
          const r = s.getBoundingClientRect();
          return [s.querySelector('h2').textContent, [r.x, r.y, r.width, r.height].map(Math.round).join(' ')];
        })
        .sort(),
    ),
  );

// Each mark leads to the list behind it: of links that ask alike, one is followed.
async function marks({ page, made, check, settled }) {
  await page.goto(`/project/${made.project}/dashboard/${made.boards.board}`);
  await page.locator('.spot .widget-body a').first().waitFor();
  await settled();
  const links = await page.evaluate(() =>
    [...document.querySelectorAll('.spot')].flatMap((spot) =>
      [...spot.querySelectorAll('a[href*="/results?"], a[href*="/runs?"], a[href*="/runs/"]')].map((a) => ({
        widget: spot.querySelector('h2').textContent,
        mark: a.getAttribute('aria-label') || a.title || a.textContent,
        href: new URL(a.getAttribute('href'), location.href).href, // marks of a drawing have no text there
      })),
    ),
  );
  const kinds = new Map();
  for (const link of links) {
    const { pathname, searchParams } = new URL(link.href);
    const kind = [link.widget, pathname.split('/')[3], searchParams.size ? [...searchParams.keys()].sort() : 'one'];
    if (!kinds.has(String(kind))) kinds.set(String(kind), link);
  }
  check(kinds.size >= 12, `only ${kinds.size} kinds of links were found`);
  for (const { widget, mark, href } of kinds.values()) {
    await page.goto(href);
    const shown = new URL(href).search
      ? page.getByText(/^[1-9]\d* (results?|runs?)$/)
      : page.getByRole('tab', { name: /^Failures/ });
    await shown
      .first()
      .waitFor()
      .catch(() => check(false, `“${mark}” of “${widget}” leads to nothing: ${href}`));
  }
}

// A project that has runs and no dashboard begins with one.
async function begins({ page, api, check, settled }) {
  const project = await api('POST', '/project', { name: `fresh-${Date.now()}`, title: 'Fresh' });
  await page.goto(`/project/${project.id}/dashboard`);
  await page.getByText('how to push the first run').waitFor();
  const metadata = {
    project: project.id,
    component: 'api',
    env: 'qa',
    jenkins: { job_name: 'fresh', build_number: '1' },
  };
  const run = await api('POST', '/run', { start_time: new Date().toISOString(), source: 'ci', metadata });
  for (const [test_id, result] of [
    ['test_a', 'passed'],
    ['test_b', 'failed'],
  ])
    await api('POST', '/result', {
      project_id: project.id,
      run_id: run.id,
      test_id,
      result,
      start_time: new Date().toISOString(),
      metadata: { ...metadata, run: run.id, ...(result === 'failed' && { exception_name: 'KeyError' }) },
    });
  await page.reload();
  await page.getByRole('button', { name: 'Begin with an overview' }).click();
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor();
  await page.locator('.spot .widget-body').nth(5).waitFor();
  await settled();
  const empty = await page.locator('.widget-empty, .widget-error').count();
  check(empty === 0, `${empty} widgets of the overview show nothing`);
}
begins.as = 'admin';

export const journeys = {
  'each mark leads to its list': marks,
  'a project begins with a dashboard': begins,
  // A dashboard from nothing to the wall: by pointer, by keys, and back again.
  'dashboard by pointer and keys': async ({ page, made, api, check, settled }) => {
    const base = `/project/${made.project}`;
    await page.goto(`${base}/runs`);
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    const menu = async (of, item) => {
      await page.getByRole('button', { name: `Actions of ${of}`, exact: true }).click();
      await page
        .getByRole(/^Numbers/.test(item) ? 'menuitemcheckbox' : 'menuitem', { name: item, exact: true })
        .click();
    };
    const saved = () => page.getByText('✓ Saved').waitFor();
    const widget = (title) => page.getByRole('region', { name: title, exact: true });
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.waitForURL(`**${base}/dashboard/*`);
    await menu('the dashboard', 'New dashboard…');
    await page.getByLabel('Title').fill('Release');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Release', exact: true }).waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1);

    const add = async (kind, title, fill = async () => {}) => {
      await page.getByRole('button', { name: 'Add widget', exact: true }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: kind }).click();
      await page.getByLabel('Title').fill(title);
      await fill(page.getByRole('dialog'));
      await page.getByRole('dialog').getByRole('button', { name: 'Add widget' }).click();
      await widget(title).waitFor();
    };
    await add(/^Jenkins Bar Chart/, 'Nights', async (dialog) => {
      await dialog.getByLabel(/^Job/).fill('');
      await dialog.getByLabel(/^Builds/).fill('many');
      await dialog.getByRole('button', { name: 'Add widget' }).click();
      check(
        (await dialog.getByText('This is needed.').isVisible()) &&
          (await dialog.getByText('A whole number is needed.').isVisible()),
        'faults are not shown at their fields',
      );
      await dialog.getByLabel(/^Job/).fill('payments-nightly');
      await dialog.getByLabel(/^Builds/).fill('4');
      await dialog.getByRole('group', { name: 'Results of 4 builds' }).waitFor();
    });
    await add(/^Result Summary/, 'Everything', async (dialog) => {
      await dialog.getByRole('combobox', { name: 'Filter runs' }).fill('component:api');
      await page.keyboard.press('Enter');
      const { pagination } = await api(
        'GET',
        `/result?pageSize=1&filter=project_id=${made.project}&filter=component=api`,
      );
      await dialog.getByRole('group', { name: `${pagination.totalItems} tests` }).waitFor();
    });
    await add(/^Run Aggregation/, 'Parts');
    if (!new URL(page.url()).searchParams.has('edit')) await page.getByRole('button', { name: 'Edit layout' }).click();

    const before = await places(page);
    const grip = await page.getByRole('button', { name: 'Move Everything' }).boundingBox();
    const target = await widget('Nights').boundingBox();
    await page.mouse.move(grip.x + 8, grip.y + 8);
    await page.mouse.down();
    await page.mouse.move(grip.x - 100, grip.y + 10, { steps: 4 });
    await page.mouse.move(target.x + 20, target.y + 16, { steps: 8 });
    await page.mouse.up();
    await saved();
    const corner = await page.getByRole('button', { name: 'Resize Everything' }).boundingBox();
    await page.mouse.move(corner.x + 10, corner.y + 10);
    await page.mouse.down();
    await page.mouse.move(corner.x + 190, corner.y + 90, { steps: 6 });
    await page.mouse.up();
    const dragged = await places(page);
    check(!same(before, dragged), 'dragging changes nothing');
    // By keys: move, and make smaller.
    const kept = page.waitForResponse((r) => r.request().method() === 'PUT' && r.url().endsWith(`/dashboard/${id}`));
    await page.getByRole('button', { name: 'Move Parts' }).focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+ArrowRight');
    const keyed = await places(page);
    check(!same(dragged, keyed), 'the keys change nothing');
    check(
      (await page.getByText(/^Parts: column \d+, row \d+, 5 columns wide/).count()) === 1,
      'the new place is not told',
    );
    await kept;
    await saved();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.reload();
    await widget('Parts').waitFor();
    await settled();
    const now = await places(page);
    const flat = (p) =>
      Object.fromEntries(
        Object.entries(p).map(([k, v]) => [
          k,
          v
            .split(' ')
            .filter((_, i) => i !== 1)
            .join(' '),
        ]),
      ); // the bar of the editor above is gone
    check(
      same(flat(now), flat(keyed)),
      `after a reload the layout is another: ${JSON.stringify(flat(keyed))} ${JSON.stringify(flat(now))}`,
    );
    const shown = await page.locator('.spot h2').allTextContents();
    const listed = (await api('GET', `/widget-config?filter=dashboard_id=${id}`)).widgets.map((w) => w.title);
    check(same(shown, listed), `by weight the order is ${listed}, here it is ${shown}`);

    // Numbers, variables, the list behind a mark.
    await menu('Everything', 'Numbers as a table');
    await page.getByRole('region', { name: 'Numbers of Everything' }).waitFor();
    check(new URL(page.url()).search.includes('.as=table'), 'the table is not in the address');
    await menu('Everything', 'Numbers as a table');
    await page.getByRole('group', { name: 'For all widgets' }).getByLabel('Environment').selectOption('stage');
    await widget('Everything').getByText('Nothing to show').waitFor();
    check(new URL(page.url()).searchParams.get('env') === 'stage', 'the environment is not in the address');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await widget('Everything')
      .getByRole('link', { name: /^failed/ })
      .click();
    await page.waitForURL('**/results?result=failed&component=api');
    await page.getByText(/^\d+ results?$/).waitFor();
    await page.goBack();

    // Away and back.
    await widget('Nights').waitFor();
    await menu('Nights', 'Delete');
    await widget('Nights').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await widget('Nights').waitFor();
    await menu('Nights', 'Duplicate');
    await widget('Nights (copy)').waitFor();
    const download = page.waitForEvent('download');
    await menu('the dashboard', 'Export as JSON');
    const file = await (await download).path();
    await page
      .getByLabel('Dashboard to import')
      .setInputFiles({ name: 'release.json', mimeType: 'application/json', buffer: readFileSync(file) });
    await page.waitForURL((u) => !u.pathname.endsWith(id));
    await page.getByText('Dashboard “Release” imported').waitFor();
    await settled();
    check((await page.locator('.spot').count()) === 4, 'not every widget came through the file');
    await menu('the dashboard', 'Full screen');
    await page.getByRole('button', { name: 'Leave full screen' }).waitFor();
    check(!(await page.getByRole('banner').isVisible()), 'the full screen still has the masthead');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Add widget', exact: true }).waitFor();
    await menu('the dashboard', 'Delete…');
    const gone = page.url();
    await page.getByRole('button', { name: /^Delete “/ }).click();
    await page.waitForURL((u) => u.href !== gone);
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.waitForURL(gone);
    await widget('Nights (copy)').waitFor();

    // A build of a job, its analysis, and back to the runs.
    await page.goto(`${base}/view/jenkins-job-view`);
    await page.getByRole('combobox', { name: 'Filter runs' }).fill('build:106');
    await page.keyboard.press('Enter');
    await page.getByText('1 build', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'payments-nightly' }).first().click();
    await page.getByRole('tab', { name: 'Health' }).click();
    await page.getByRole('group', { name: 'Results of 6 builds' }).waitFor();
  },
};
