// Triage: from the newest runs to a failure and what is done about it.
const test = encodeURIComponent('tests/api/test_cards.py::test_charges_3');

export const pages = ({ project, runs, failures }) => {
  const base = `/project/${project}`;
  const run = `${base}/runs/${runs.at(-2)}`;
  const failure = `${base}/results/${failures[0]}`;
  const api = runs.at(-3);
  return {
    triage: `${base}/triage`,
    'triage-open': `${base}/triage?open=${api}.still_failing`,
    'triage-beside': `${base}/triage?open=${api}.still_failing&shown=${failures[0]}`,
    'triage-none': `${base}/triage?least=100000`,
    runs: `${base}/runs`,
    run,
    'run-list': `${run}#results-list`,
    'run-tree': `${run}#results-tree`,
    'run-timeline': `${run}#timeline`,
    'run-environment': `${run}#environment`,
    'run-raw': `${run}#run-object`,
    'run-artifacts': `${run}#artifacts`,
    results: `${base}/results?result=[in]failed;error`,
    'results-none': `${base}/results?env=nowhere`,
    result: failure,
    'result-line': `${failure}#L8`,
    'result-difference': `${failure}#difference`,
    'result-metadata': `${failure}#metadata`,
    test: `${base}/test?q=${test}`,
    tests: `${base}/tests`,
    'tests-flaky': `${base}/tests?only=flaky&sort=flakiness`,
    'tests-none': `${base}/tests?text=nothing-is-called-so`,
    compare: `${base}/compare?a=${runs.at(-6)}&b=${api}`,
    'compare-open': {
      path: `${base}/compare?a=${runs.at(-6)}&b=${api}&view=still_failing`,
      then: (tab) =>
        tab
          .getByRole('button', { name: /differs$/ })
          .first()
          .click(),
    },
    'compare-before': `${base}/compare?b=${runs.at(-2)}`,
    'compare-none': `${base}/compare`,
  };
};

async function beside({ page, made, check, settled }) {
  await page.goto(`/project/${made.project}/triage`);
  await page.getByRole('button', { name: /new in checkout · qa · payments-nightly/ }).click();
  const panel = page.getByRole('complementary', { name: 'Failure' });
  await page.locator('.test-line').first().click();
  await panel.getByText('E   ').first().waitFor();
  await settled();
  const first = page.url();
  check(first.includes('shown='), 'the address does not say what is shown');
  check((await panel.getByText(/lines of requests/).count()) === 1, 'the frames of libraries are not folded');
  await page.keyboard.press(']');
  await page.waitForURL((u) => u.href !== first);
  await settled();
  await page.keyboard.press('c');
  await page.keyboard.press('e');
  await page.getByText('One result classified as environment').waitFor();
  await panel.getByRole('button', { name: 'Take it' }).click();
  await page.getByText(`One result assigned to ${made.email}`).waitFor();
  await panel.getByLabel('Note').fill('the bank was away');
  await panel.getByRole('button', { name: 'Keep' }).click();
  await page.getByText('One result noted').waitFor();
  await page.reload();
  await panel.getByText('E   ').first().waitFor();
  check((await panel.getByLabel('Note').inputValue()) === 'the bank was away', 'the note is lost');
  check((await panel.getByLabel('Assignee').inputValue()) === made.email, 'the assignee is lost');
  await panel.press('Escape');
  await panel.waitFor({ state: 'detached' });
}

// From the newest builds to a failure and back to where one stood, with the keys alone.
async function home({ page, made, check, settled }) {
  await page.goto(`/project/${made.project}/triage`);
  await page.getByRole('button', { name: /new in api · qa · payments-nightly/ }).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const lines = page.locator('.test-line');
  await lines.nth(1).waitFor();
  const label = (text) => page.getByText(text, { exact: true }).waitFor();
  await label('All of these:');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await label('This one:');
  const name = await lines.nth(1).textContent();
  const panel = page.getByRole('complementary', { name: 'Failure' });
  await page.keyboard.press('Enter');
  await panel.waitFor();
  await settled();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  const back = await page.evaluate(() => document.activeElement?.textContent);
  check(back === name, `the keys have lost their place: ${back}`);
  await page.keyboard.press('c');
  await page.keyboard.press('t');
  await page.getByText('One result classified as test').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back').waitFor();
}

async function group({ page, made, check, settled }) {
  await page.goto(`/project/${made.project}/runs/${made.runs.at(-3)}`);
  await page.getByRole('heading', { name: 'TimeoutError' }).waitFor();
  await settled();
  await page.keyboard.press('j');
  await page.keyboard.press('c');
  await page.keyboard.press('d');
  await page.getByText(/results classified as dependency/).waitFor();
  check(
    (await page.locator('.group .pf-v6-c-label', { hasText: 'Dependency' }).count()) > 1,
    'the group shows no class',
  );
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results/*');
  await page.getByRole('link', { name: /failures of the run/ }).waitFor();
  await page.keyboard.press(']');
  await page.getByText(/^2 of /).waitFor();
}

// A run is too large for a page: its results come as they are looked at, and [ and ] keep to what was seen.
async function parts({ page, made, check, settled }) {
  const run = `/project/${made.project}/runs/${made.runs.at(-3)}`;
  await page.goto(`${run}#results-list`);
  await page.getByLabel('Filter results').fill('result:passed');
  await page.getByLabel('Filter results').press('Enter');
  await page.waitForURL('**/runs/*result=passed*');
  await page.keyboard.press('Escape');
  await settled();
  await page.getByRole('button', { name: 'Duration' }).click();
  await page.waitForURL('**/runs/*sort=*');
  await settled();
  const states = await page.getByRole('table').locator('.outcome').allInnerTexts();
  check(states.length > 3 && states.every((s) => s.includes('passed')), `not only what passed: ${states}`);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results/*');
  await page.getByRole('link', { name: /^1 of \d+ results of the run/ }).waitFor();
  await page.keyboard.press(']');
  const back = page.getByRole('link', { name: /^2 of \d+ results of the run/ });
  await back.click();
  await page.waitForURL('**/runs/*result=passed*#results-list');
  await page.goto(`${run}#results-tree`);
  const file = page.getByRole('button', { name: 'test_limits.py' });
  await file.waitFor();
  await settled();
  const open = async () => (await page.getByRole('row').count()) - 1;
  const before = await open();
  await file.click();
  await settled();
  check((await open()) !== before, 'a file neither opens nor closes');
}

async function taken({ page, made, check }) {
  await page.goto(`/project/${made.project}/runs/${made.runs.at(-3)}`);
  await page.getByRole('button', { name: 'What to do with this run' }).click();
  const file = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export as JUnit XML' }).click();
  check(/\.xml$/.test((await file).suggestedFilename()), 'no XML came');
}

async function keyboardOnly({ page, made, check, settled }) {
  await page.goto('/project');
  await page.getByRole('link', { name: 'Payments' }).first().click();
  await page.getByRole('heading', { name: 'Triage' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.getByRole('heading', { name: 'Results' }).waitFor();
  await page.keyboard.press('f');
  await page.keyboard.type('result:failed|error env:qa');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results?*result=*');
  await page.keyboard.press('Escape');
  await page.getByRole('row').nth(1).waitFor();
  await settled();
  await page.keyboard.press('j');
  await page.keyboard.press('Space');
  await page.keyboard.press('j');
  await page.keyboard.press('Space');
  await page.getByText('2 selected').waitFor();
  await page.keyboard.press('c');
  await page.keyboard.press('p');
  await page.getByText('2 results classified as product').waitFor();
  check((await page.getByRole('button', { name: 'Product' }).count()) >= 3, 'the rows do not show their class');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Taken back').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/results/*');
  await page.getByText('E   ').first().waitFor();
  const first = page.url();
  const away = (u) => u.href !== first;
  await page.getByRole('button', { name: 'Next', exact: true }).waitFor();
  await page.keyboard.press(']');
  await page.waitForURL(away, { timeout: 1000 }).catch(() => page.keyboard.press('['));
  await page.waitForURL(away);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  check(made.failures.length > 2, 'there is too little to triage');
}

export const journeys = {
  'the newest builds by keyboard alone': home,
  'triage by keyboard alone': keyboardOnly,
  'triage beside the list': beside,
  'a run’s group triaged as one': group,
  'a run looked at in parts': parts,
  'a run taken away': taken,
};
