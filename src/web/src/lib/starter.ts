import type { File } from './board';

/** What a project's runs and results say, the most frequent value first. */
export interface Known {
  components: string[];
  environments: string[];
  jobs: string[];
  exceptions: string[];
}

type Widget = File['widgets'][number];

/** starter is a dashboard to begin with: it asks only for what the project has. Without runs there is nothing to show. */
export function starter(title: string, known: Known): File | null {
  const [job] = known.jobs;
  const group = known.components.length ? 'component' : known.environments.length ? 'env' : job ? jobField : '';
  const word = group === 'env' ? 'environment' : group === jobField ? 'job' : group;
  const row = (y: number, ...widgets: Omit<Widget, 'place'>[]): Widget[] => {
    const w = 12 / widgets.length;
    return widgets.map((widget, i) => ({ ...widget, place: [i * w, y, w, 4] }));
  };
  const outcomes = { title: 'All results', widget: 'result-summary', params: {} };
  if (!group && !known.exceptions.length) return null;
  const first = [
    outcomes,
    ...(group ? [{ title: `By ${word}`, widget: 'run-aggregator', params: { group_field: group, weeks: 4 } }] : []),
    ...(known.exceptions.length
      ? [
          {
            title: 'What goes wrong',
            widget: 'result-aggregator',
            params: { group_field: 'metadata.exception_name', days: 30 },
          },
        ]
      : []),
  ];
  const heat = group
    ? [
        {
          title: `The newest runs of each ${word}`,
          widget: 'filter-heatmap',
          params: { group_field: group, builds: 7, additional_filters: `${group}@true` },
        },
      ]
    : [];
  const builds = job
    ? [
        { title: `Builds of ${job}`, widget: 'jenkins-bar-chart', params: { job_name: job, builds: 30 } },
        { title: `How long ${job} takes`, widget: 'jenkins-line-chart', params: { job_name: job, builds: 30 } },
      ]
    : [];
  return {
    ibutsu: 'dashboard',
    version: 1,
    title,
    description: 'How the project is doing, made of what its runs say',
    widgets: [...row(0, ...first), ...row(4, ...heat), ...row(8, ...builds)],
  };
}

export const jobField = 'metadata.jenkins.job_name';
