// Fills a project the way clients do, so that every page has something to show.
import { seedBoards } from './boards.mjs';
import { call as ask } from './house.mjs';

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
  await call('POST', '/admin/user', {
    email: 'ana@example.com',
    name: 'Ana',
    password,
    is_active: true,
    projects: [project],
  });
  const start = Date.now() - 6 * 86400000;
  const errors = [
    ['TimeoutError', 'waited 30 s for payment 4711'],
    ['AssertionError', "expected 'paid', got 'open'"],
    ['KeyError', "'currency'"],
  ];
  const made = { project: project.id, password, email: 'ana@example.com', runs: [], failures: [] };
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
      const run = await call('POST', '/run', {
        start_time: at.toISOString(),
        duration: 60 + build * 9,
        source: 'ci',
        metadata: {
          project: project.id,
          component,
          env: component === 'ledger' ? 'stage' : 'qa',
          tags: ['nightly'],
          jenkins: {
            job_name: 'payments-nightly',
            build_number: String(100 + build),
            build_url: 'https://ci.example.com/1',
          },
        },
      });
      made.runs.push(run.id);
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const bad = component !== 'ledger' && ((i % 9 === 3 && build > 2) || (build === 6 && i % 13 === 5));
          const result = bad
            ? i % 2
              ? 'failed'
              : 'error'
            : i % 17 === 4
              ? 'skipped'
              : i % 23 === 7
                ? 'xfailed'
                : 'passed';
          const [exception_name, message] = errors[i % 3];
          const file = `tests/${component}/test_${['cards', 'refunds', 'limits'][i % 3]}.py`;
          const r = await call('POST', '/result', {
            run_id: run.id,
            project_id: project.id,
            test_id: `${file}::test_${['charges', 'refuses', 'retries'][i % 3]}_${i}${i % 5 ? '' : '[eur-1]'}`,
            result,
            duration: 0.1 + i / 7,
            start_time: new Date(at.getTime() + i * 1000).toISOString(),
            source: 'ci',
            params: i % 5 ? {} : { currency: 'eur' },
            metadata: {
              run: run.id,
              project: project.id,
              component,
              env: component === 'ledger' ? 'stage' : 'qa',
              fspath: file,
              importance: i % 2 ? 'high' : 'low',
              markers: i % 4 ? [] : ['smoke'],
              jenkins: { job_name: 'payments-nightly', build_number: String(100 + build) },
              ...(bad && {
                exception_name,
                short_tb: `${file}:${i}: in test\n    pay(order)\nE   ${exception_name}: ${message}`,
              }),
              ...(result === 'skipped' && { skip_reason: 'not in this environment' }),
            },
          });
          if (bad && build === 6) {
            made.failures.push(r.id);
            const form = new FormData();
            form.set('resultId', r.id);
            form.set('filename', 'traceback.log');
            form.set(
              'file',
              new Blob([
                `\x1b[1m${file}\x1b[0m:${i}: in test\n    pay(order)\n\x1b[31mE   ${exception_name}: ${message}\x1b[0m\n`,
              ]),
              'traceback.log',
            );
            await call('POST', '/artifact', form);
          }
        }),
      );
    }
  }
  const form = new FormData();
  form.set('project', project.id);
  form.set(
    'importFile',
    new Blob(['<testsuite name="s" tests="1"><testcase classname="a" name="b" time="1"/></testsuite>']),
    'report.xml',
  );
  await call('POST', '/import', form);
  made.boards = await seedBoards(url, token, project.id);
  return made;
}
