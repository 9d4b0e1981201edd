// What makes the page quick, and keeps it so.
import { kB, weigh } from '../weight.mjs';

const most = 300; // kB of compressed script, before somebody sees the first view

async function firstView({ page, made, window, check, settled }) {
  const within = async (name, tab) => {
    const { script } = await weigh(tab);
    const files = script.map((f) => `${f.name} ${f.kB.toFixed(1)}`).join(', ');
    check(script.length > 0 && script.every((f) => f.kB > 0), `${name}: no script was weighed: ${files}`);
    check(kB(script) < most, `${name}: ${kB(script).toFixed(0)} kB of script, at most ${most} are allowed: ${files}`);
  };
  await page.goto(`/project/${made.project}/triage`);
  await page.locator('.serie').first().waitFor();
  await settled();
  await within('triage', page);
  const { page: stranger } = await window(null);
  await stranger.goto('/login');
  await stranger.getByLabel('Password', { exact: true }).waitFor();
  await within('sign-in', stranger);
}

// What comes in shows, and moves nothing away from somebody who reads.
async function comesIn({ page, api, check, settled }) {
  const project = await api('POST', '/project', { name: `incoming-${Date.now()}`, title: 'Incoming' });
  const result = (test_id, minutes) =>
    api('POST', '/result', {
      project_id: project.id,
      test_id,
      result: 'passed',
      start_time: new Date(Date.now() - minutes * 60000).toISOString(),
    });
  await Promise.all(Array.from({ length: 60 }, (_, i) => result(`test_old_${i}`, 200 + i)));
  await page.goto(`/project/${project.id}/results`);
  await page.getByText('60 results').waitFor();
  await settled();
  // At the top of the list it is there.
  await result('test_at_once', 100);
  await page.getByText('61 results').waitFor();
  await page.getByRole('link', { name: 'test_at_once' }).waitFor();
  // With a row selected it waits until it is asked for.
  await page.getByRole('row').nth(3).getByRole('checkbox').check();
  const box = page.getByRole('rowgroup', { name: 'Results' });
  await box.evaluate((b) => (b.scrollTop = 130));
  const seen = page.getByRole('link', { name: 'test_old_7', exact: true });
  const before = JSON.stringify(await seen.boundingBox());
  await result('test_later_1', 50);
  await result('test_later_2', 40);
  const offer = page.getByRole('button', { name: /^2 new results/ });
  await offer.waitFor();
  const after = JSON.stringify(await seen.boundingBox());
  check(before === after, `rows moved while somebody reads: ${before} ${after}`);
  check(await page.getByText('1 selected').isVisible(), 'the selection is lost');
  await offer.click();
  await page.getByRole('link', { name: 'test_later_2' }).waitFor();
  check((await box.evaluate((b) => b.scrollTop)) === 0, 'the new rows are not in sight');
  check(await page.getByText('1 selected').isVisible(), 'the selection is lost with the new rows');
  check((await offer.count()) === 0, 'what is shown is still offered');
}
comesIn.as = 'admin';

// Many builds stand on pages, of which what is off the screen is not drawn.
async function manyBuilds({ page, api, check, settled }) {
  const project = await api('POST', '/project', { name: `builds-${Date.now()}`, title: 'Builds' });
  const all = 2000;
  const builds = Array.from({ length: all }, (_, i) => i);
  const add = async () => {
    for (let i = builds.shift(); i !== undefined; i = builds.shift())
      await api('POST', '/run', {
        project_id: project.id,
        component: `part-${i}`,
        start_time: new Date(Date.now() - i * 60000).toISOString(),
        summary: { tests: 100, failures: i % 3, errors: 0, skips: 1 },
        metadata: { project: project.id, component: `part-${i}` },
      });
  };
  await Promise.all(Array.from({ length: 16 }, add));
  await page.goto(`/project/${project.id}/triage`);
  await page.getByText('1–200 of 2,000 builds').waitFor();
  const rows = page.locator('.serie');
  check((await rows.count()) === 200, 'not as many rows as it says');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('201–400 of 2,000 builds').waitFor();
  await page.getByText('part-399', { exact: true }).waitFor({ state: 'attached' });
  await settled();
  const drawn = (n) =>
    rows.nth(n).evaluate((r) => r.querySelector('h2').checkVisibility({ contentVisibilityAuto: true }));
  check(await drawn(0), 'the list is not shown from its top');
  check(!(await drawn(199)), 'what is off the screen is drawn');
  for (let i = 0; i < 40; i++) await page.keyboard.press('j');
  await page.keyboard.press('k');
  const at = await page.evaluate(() =>
    [...document.querySelectorAll('.serie')].findIndex((r) => r.contains(document.activeElement)),
  );
  check(at === 38, `j and k have come to row ${at}, not to 38`);
  check(await drawn(38), 'the row of the keys is off the screen');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/runs/*');
}
manyBuilds.as = 'admin';

export const journeys = {
  'triage of 2,000 builds': manyBuilds,
  'the first view weighs little': firstView,
  'what comes in moves nothing away': comesIn,
};
