// A project at the ends of what there is: names of 200 letters, forty builds, hundreds of groups, one row, none, and 0 %.
import { gzipSync } from 'node:zlib';
import { call as ask } from './house.mjs';

const letters = 200;
/** long is a name of 200 letters that ends as another of its kind does not. */
export const long = (kind, end = '') =>
  `${kind}-${'with-a-name-that-somebody-has-generated-'.repeat(letters)}`.slice(0, letters - end.length) + end;

export const jobs = { wide: long('nightly'), many: 'many-builds', one: 'one-build', named: 'named-builds' };
export const builds = { wide: 40, many: 120 };
export const groups = 260; // components that only the newest build has

/** tar packs files, { name: text }, as tar does. */
function tar(files) {
  const blocks = [];
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write('0000644\0', 100);
    head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('00000000000\0', 136);
    head.write('        0', 148); // blanks where the sum will be, and the kind
    head.write('ustar\x0000', 257);
    const sum = head.reduce((n, byte) => n + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(head, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** A run of so many tests, of which so many failed, as the files of an archive. */
function files({ component, env = 'qa', jenkins, at, tests, failed, test = 'test', teams = false, more = {} }) {
  const id = crypto.randomUUID();
  const metadata = { component, env, jenkins, ...more };
  const start_time = new Date(at).toISOString();
  const run = { id, component, env, start_time, duration: 60 + tests, source: 'ci', metadata };
  const made = { [`${id}/run.json`]: JSON.stringify(run) };
  for (let i = 0; i < tests; i++) {
    const result = crypto.randomUUID();
    made[`${id}/${result}/result.json`] = JSON.stringify({
      id: result,
      run_id: id,
      test_id: `tests/test_all.py::${test}_${i}`,
      result: i < failed ? 'failed' : 'passed',
      duration: 1,
      start_time,
      source: 'ci',
      metadata: { ...metadata, run: id, ...(teams && { team: i ? `team-${i}` : long('team') }) },
    });
  }
  return made;
}

/** seedExtremes makes the project and its dashboard. */
export async function seedExtremes(url, token) {
  const call = (method, path, body) => ask(url, token, method, path, body);
  const project = (await call('POST', '/project', { name: 'extremes', title: 'Extremes' })).id;
  const [now, minute] = [Date.now(), 60000];
  const runs = [];
  const add = (job_name, build, component, what) => {
    const at = now - (200 - build) * 15 * minute + (what.after ?? 0);
    runs.push(files({ component, at, jenkins: { job_name, build_number: String(build) }, ...what }));
  };
  for (let build = 1; build <= builds.wide; build++) {
    add(jobs.wide, build, long('component'), { tests: 2, failed: build % 2, test: long('test') });
    add(jobs.wide, build, 'never-works', { tests: 2, failed: 2 });
    add(jobs.wide, build, 'always-works', { tests: 2, failed: 0 });
    for (let shard = 0; shard < 3; shard++)
      add(jobs.wide, build, 'in-shards', { tests: 2, failed: shard ? 0 : 1, after: shard * minute });
    if (build % 3) add(jobs.wide, build, 'now-and-then', { tests: 4, failed: build % 5 });
  }
  for (let group = 1; group <= groups; group++)
    add(jobs.wide, builds.wide, `group-${group}`, { tests: 1, failed: group % 7 ? 0 : 1 });
  for (let build = 1; build <= builds.many; build++)
    add(jobs.many, build, 'api', {
      tests: 1 + (build % 9),
      failed: build % 4 ? 0 : 1,
      env: build % 2 ? 'qa' : 'stage',
    });
  add(jobs.one, 1, 'alone', { tests: 1, failed: 1, env: 'lab' });
  for (const end of ['a', 'b', 'c']) {
    const jenkins = { job_name: jobs.named, build_number: long('release', end) };
    runs.push(files({ component: 'api', at: now - 90 * minute, jenkins, tests: 3, failed: 1, env: 'lab' }));
  }
  runs.push(files({ component: 'teams', at: now - 80 * minute, tests: 1500, failed: 700, teams: true, env: 'lab' }));
  for (const [component, passes, violations] of [
    [long('page'), 0, 7],
    ['empty-page', 0, 0],
  ])
    runs.push(
      files({
        component,
        at: now - 70 * minute,
        tests: 1,
        failed: 1,
        more: { accessibility: true, accessibility_data: { passes, violations }, markers: ['accessibility'] },
      }),
    );
  const imports = [];
  const most = 100; // runs in an archive
  for (let from = 0; from < runs.length; from += most) {
    const form = new FormData();
    form.set('project', project);
    form.set('importFile', new Blob([tar(Object.assign({}, ...runs.slice(from, from + most)))]), `${from}.tar.gz`);
    imports.push(await call('POST', '/import', form));
  }
  for (const { id } of imports)
    for (let known; known?.status !== 'done'; known = await call('GET', `/import/${id}`)) {
      if (known?.status === 'error') throw new Error(`an archive was refused: ${JSON.stringify(known.metadata)}`);
      await new Promise((r) => setTimeout(r, 100));
    }

  const board = (await call('POST', '/dashboard', { title: 'Extremes', description: '', project_id: project })).id;
  const component = { group_field: 'component' };
  for (const [i, [widget, title, params]] of [
    ['jenkins-heatmap', `Heatmap of ${jobs.wide}`, { job_name: jobs.wide, builds: builds.wide, ...component }],
    ['filter-heatmap', 'Runs of everything', { additional_filters: 'env=qa', builds: builds.wide, ...component }],
    ['run-aggregator', 'Every component', { weeks: 4, ...component }],
    ['result-aggregator', 'Teams', { group_field: 'metadata.team', days: 30 }],
    ['jenkins-bar-chart', 'Many builds', { job_name: jobs.many, builds: 1000 }],
    ['jenkins-line-chart', 'How long many builds take', { job_name: jobs.many, builds: 1000 }],
    ['jenkins-bar-chart', 'Builds with long names', { job_name: jobs.named, builds: 10 }],
    ['jenkins-line-chart', 'How long builds with long names take', { job_name: jobs.named, builds: 10 }],
    ['importance-component', 'Importance', { job_name: jobs.wide, components: long('component'), builds: 40 }],
    ['jenkins-heatmap', 'One row', { job_name: jobs.one, builds: 40, ...component }],
    ['run-aggregator', 'One bar', { weeks: 4, group_field: 'component', additional_filters: 'component=alone' }],
    ['result-summary', 'Nothing passed', { additional_filters: 'component=never-works' }],
    ['result-summary', 'No result', { additional_filters: 'component=nobody' }],
    ['filter-heatmap', 'No row', { additional_filters: 'component=nobody', builds: 5, ...component }],
  ].entries())
    await call('POST', '/widget-config', {
      title,
      widget,
      params,
      weight: (i + 1) * 10,
      type: 'widget',
      dashboard_id: board,
      project_id: project,
    });
  return { project, board };
}
