// Dashboards and views with every kind of widget, for the project that seed.mjs fills.
import { call as ask } from './house.mjs';

export async function seedBoards(url, token, project) {
  const call = (method, path, body) => ask(url, token, method, path, body);
  const job = 'payments-nightly';
  const board = await call('POST', '/dashboard', {
    title: 'Payments overview',
    description: 'What to look at before the Monday meeting',
    project_id: project,
  });
  const empty = await call('POST', '/dashboard', { title: 'Empty board', description: '', project_id: project });
  const widgets = [
    ['result-summary', 'All tests', {}],
    ['run-aggregator', 'By component', { group_field: 'component', weeks: 4 }],
    ['result-aggregator', 'Exceptions', { group_field: 'metadata.exception_name', days: 30 }],
    ['jenkins-heatmap', 'Nightly builds', { job_name: job, builds: 6, group_field: 'component', count_skips: false }],
    ['filter-heatmap', 'Quality assurance', { additional_filters: 'env=qa', builds: 5, group_field: 'component' }],
    ['jenkins-bar-chart', 'Results of each night', { job_name: job, builds: 30 }],
    ['jenkins-line-chart', 'How long a night takes', { job_name: job, builds: 30 }],
    [
      'importance-component',
      'What matters most',
      {
        job_name: job,
        components: 'api,checkout,ledger',
        builds: 5,
        group_field: 'component',
        env: '',
        count_skips: false,
      },
    ],
    ['result-aggregator', 'Outcomes', { group_field: 'result', days: 30 }],
  ];
  const ids = [];
  for (const [i, [widget, title, params]] of widgets.entries())
    ids.push(
      (
        await call('POST', '/widget-config', {
          title,
          widget,
          params,
          weight: (i + 1) * 10,
          type: 'widget',
          dashboard_id: board.id,
          project_id: project,
        })
      ).id,
    );
  const views = {};
  for (const [widget, title, params] of [
    ['jenkins-job-view', 'Jenkins jobs', {}],
    ['jenkins-analysis-view', 'Job analysis', { job_name: job, builds: 30 }],
    ['compare-runs-view', 'Compare builds', {}],
    ['accessibility-dashboard-view', 'Accessibility', {}],
    ['accessibility-analysis-view', 'Accessibility analysis', {}],
  ]) {
    views[widget] = (
      await call('POST', '/widget-config', {
        title,
        widget,
        params,
        type: 'view',
        weight: 10,
        navigable: 'true',
        project_id: project,
      })
    ).id;
  }
  const accessible = [];
  for (const [component, passes, violations] of [
    ['checkout', 412, 9],
    ['ledger', 388, 0],
  ]) {
    const metadata = { project, component, env: 'qa', accessibility: true, accessibility_data: { passes, violations } };
    const run = await call('POST', '/run', {
      start_time: new Date(Date.now() - 3600000).toISOString(),
      duration: 40,
      source: 'axe',
      metadata,
    });
    accessible.push(run.id);
    for (const [i, page] of ['cart', 'pay', 'receipt'].entries())
      await call('POST', '/result', {
        run_id: run.id,
        project_id: project,
        test_id: `tests/a11y/test_pages.py::test_${page}_${component}`,
        result: violations && i === 1 ? 'failed' : 'passed',
        duration: 2 + i,
        start_time: new Date(Date.now() - 3500000).toISOString(),
        source: 'axe',
        metadata: { ...metadata, run: run.id, markers: ['accessibility'], fspath: 'tests/a11y/test_pages.py' },
      });
  }
  return { board: board.id, empty: empty.id, widgets: ids, views, accessible };
}
