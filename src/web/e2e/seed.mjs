// Fills a project the way clients do, so that every page has something to show.
import { seedBoards } from './boards.mjs';
import { seedExtremes } from './extremes.mjs';
import { call as ask } from './house.mjs';
import { failure, log, picture } from './likeness.mjs';

/** seed makes people and projects; made has their ids, and for each person what the page keeps of somebody signed in. */
export async function seed(url, token) {
  const call = (method, path, body) => ask(url, token, method, path, body);
  const signIn = async (email, name, password) => ({
    name,
    email,
    token: (await ask(url, '', 'POST', '/login', { email, password })).token,
  });
  const project = await call('POST', '/project', { name: 'payments', title: 'Payments' });
  const password = 'correct horse battery';
  const ana = await call('POST', '/admin/user', {
    email: 'ana@example.com',
    name: 'Ana',
    password,
    is_active: true,
    projects: [project],
  });
  const start = Date.now() - 6 * 86400000;
  const made = { project: project.id, user: ana.id, password, email: 'ana@example.com', runs: [], failures: [] };
  made.ana = await signIn(made.email, 'Ana', password);
  await call('POST', '/admin/user', {
    email: 'root@example.com',
    name: 'Root',
    password,
    is_active: true,
    is_superadmin: true,
    projects: [project],
  });
  made.admin = await signIn('root@example.com', 'Root', password);
  for (let build = 1; build <= 6; build++) {
    for (const component of ['api', 'checkout', 'ledger']) {
      const at = new Date(start + build * 86000000);
      const env = component === 'ledger' ? 'stage' : 'qa';
      const job = { job_name: 'payments-nightly', build_number: String(100 + build) };
      const inRun = { project: project.id, component, env, jenkins: job, commit: `9f31c0${build}` };
      const addRun = (source, seconds) =>
        call('POST', '/run', {
          start_time: at.toISOString(),
          duration: seconds,
          source,
          metadata: {
            ...inRun,
            tags: ['nightly'],
            browser: 'chromium 131',
            python: `3.12.${build}`,
            jenkins: { ...job, build_url: 'https://ci.example.com/1' },
          },
        });
      const run = await addRun('ci', 90 + ((build * 37) % 50) + (component === 'api' ? build * 12 : 0));
      made.runs.push(run.id);
      // What may not run beside others comes in a run of its own.
      const alone = component === 'checkout' ? await addRun('ci', 20) : run;
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const flaky = i === 22 && component === 'api';
          const bad =
            (component !== 'ledger' && ((i % 9 === 3 && build > 2) || (build === 6 && i % 13 === 5))) ||
            (flaky && build % 2 === 1);
          const result = bad
            ? i % 2
              ? 'failed'
              : 'error'
            : i % 17 === 4
              ? 'skipped'
              : i % 23 === 7
                ? 'xfailed'
                : 'passed';
          const file = `tests/${component}/test_${['cards', 'refunds', 'limits'][i % 3]}.py`;
          const said = failure(i % 3, file, i);
          const seconds = (0.1 + i / 7) * (1 + ((build * 7 + i * 3) % 10) / 25);
          const one = {
            run_id: i > 34 ? alone.id : run.id,
            project_id: project.id,
            test_id: `${file}::test_${['charges', 'refuses', 'retries'][i % 3]}_${i}${i % 5 ? '' : '[eur-1]'}`,
            result,
            duration: seconds,
            start_time: new Date(at.getTime() + Math.floor(i / 4) * 9000 + (i % 4) * 700).toISOString(),
            source: 'ci',
            params: i % 5 ? {} : { currency: 'eur', amount: 1 },
            metadata: {
              ...inRun,
              run: i > 34 ? alone.id : run.id,
              fspath: file,
              importance: i % 2 ? 'high' : 'low',
              markers: i % 4 ? [] : ['smoke'],
              worker: `gw${i % 4}`,
              durations: { setup: seconds / 10, call: (seconds * 8) / 10, teardown: seconds / 10 },
              statuses: { setup: 'passed', call: result, teardown: 'passed' },
              ...(bad && { exception_name: said.exception, short_tb: said.traceback }),
              ...(bad && i % 9 === 3 && build === 5 && { classification: 'product_failure', assignee: made.email }),
              ...(result === 'skipped' && {
                skip_reason: 'not in this environment, see https://issues.example.com/12',
              }),
            },
          };
          const r = await call('POST', '/result', one);
          // A retry comes a little later in the same run.
          if (flaky && bad)
            await call('POST', '/result', {
              ...one,
              result: 'passed',
              start_time: new Date(Date.parse(one.start_time) + 20000).toISOString(),
              metadata: { ...one.metadata, exception_name: null, short_tb: null },
            });
          if (bad && build === 6) {
            made.failures.push(r.id);
            const attach = (name, content) => {
              const form = new FormData();
              form.set('resultId', r.id);
              form.set('filename', name);
              form.set('file', new Blob([content]), name);
              return call('POST', '/artifact', form);
            };
            await attach('test.log', log(file, i, said));
            await attach('screenshot.png', picture());
            await attach('answer.json', JSON.stringify({ order: { id: '9f31', state: 'open', attempts: [1, 2] } }));
          }
        }),
      );
    }
  }
  const send = (name, content) => {
    const form = new FormData();
    form.set('project', project.id);
    form.set('importFile', new Blob([content]), name);
    return call('POST', '/import', form);
  };
  await send('report.xml', '<testsuite name="s" tests="1"><testcase classname="a" name="b" time="1"/></testsuite>');
  await send('killed-while-it-wrote.xml', '<testsuite name="s" tests="1"><testcase classname="a" name="b">');
  made.boards = await seedBoards(url, token, project.id);
  made.extremes = await seedExtremes(url, token);
  return made;
}
