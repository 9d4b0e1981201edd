// What makes the page quick, and keeps it so.
import { kB, weigh } from '../weight.mjs';

const most = 300; // kB of compressed script, before somebody sees the first view

async function firstView({ page, made, window, check }) {
  const within = async (name, tab) => {
    const { script } = await weigh(tab);
    const files = script.map((f) => `${f.name} ${f.kB.toFixed(1)}`).join(', ');
    check(script.length > 0 && script.every((f) => f.kB > 0), `${name}: no script was weighed: ${files}`);
    check(kB(script) < most, `${name}: ${kB(script).toFixed(0)} kB of script, at most ${most} are allowed: ${files}`);
  };
  await page.goto(`/project/${made.project}/triage`);
  await page
    .getByRole('link', { name: /payments-nightly/ })
    .first()
    .waitFor();
  await within('triage', page);
  const { page: stranger } = await window(null);
  await stranger.goto('/login');
  await stranger.getByLabel('Password', { exact: true }).waitFor();
  await within('sign-in', stranger);
}

export const journeys = { 'the first view weighs little': firstView };
