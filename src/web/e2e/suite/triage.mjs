// Triage: from the newest runs to a failure and what is done about it.
const test = encodeURIComponent('tests/api/test_cards.py::test_charges_3');

export const pages = ({ project, runs, failures }) => {
  const base = `/project/${project}`;
  const run = `${base}/runs/${runs.at(-2)}`;
  const failure = `${base}/results/${failures[0]}`;
  return {
    triage: `${base}/triage`,
    runs: `${base}/runs`,
    run,
    'run-list': `${run}#results-list`,
    'run-tree': `${run}#results-tree`,
    'run-details': `${run}#details`,
    'run-raw': `${run}#run-object`,
    'run-artifacts': `${run}#artifacts`,
    results: `${base}/results?result=[in]failed;error`,
    'results-none': `${base}/results?env=nowhere`,
    result: failure,
    'result-metadata': `${failure}#metadata`,
    test: `${base}/test?q=${test}`,
    compare: `${base}/compare?a=${runs.at(-5)}&b=${runs.at(-2)}`,
    'compare-none': `${base}/compare`,
  };
};

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
  await page.getByRole('button', { name: 'Next failure' }).waitFor();
  await page.keyboard.press(']');
  await page.waitForURL(away, { timeout: 1000 }).catch(() => page.keyboard.press('['));
  await page.waitForURL(away);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  check(made.failures.length > 2, 'there is too little to triage');
}

export const journeys = { 'triage by keyboard alone': keyboardOnly };
