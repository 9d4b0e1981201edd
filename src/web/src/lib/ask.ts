import type { WidgetConfig } from './api';
import { since, type Variables } from './board';
import { toAddress, type Filter } from './filter';

export type Params = Record<string, unknown>;

/** A request for the data of a widget, and which of the dashboard's variables it cannot heed. */
export interface Question {
  path: string;
  query: Record<string, string | string[]>;
  ignores: (keyof Variables)[];
}

const text = (v: unknown): string => (Array.isArray(v) ? v.map(String).join(',') : v == null ? '' : String(v));

const wire: [string, Filter['operator']][] = [
  ['>=', 'gte'],
  ['<=', 'lte'],
  ['=', 'eq'],
  ['!', 'ne'],
  ['>', 'gt'],
  ['<', 'lt'],
  [')', 'gte'],
  ['(', 'lte'],
  ['*', 'in'],
  ['@', 'exists'],
  ['~', 'regex'],
  ['%', 'contains'],
];

/** fromAPI reads filters as the server has them: env=qa,component!cart. A comma after a backslash is part of a value. */
export function fromAPI(filters: string): Filter[] {
  return filters.split(/(?<!\\),/).flatMap((one): Filter[] => {
    const match = /^([\w.-]+)(>=|<=|[=!><)(*@~%])(.*)$/s.exec(one.replaceAll('\\,', ','));
    return match
      ? [{ field: match[1]!, operator: wire.find(([sign]) => sign === match[2])![1], value: match[3]! }]
      : [];
  });
}

/** filtersOf are the conditions that a widget has of its own. */
export const filtersOf = (params: Params): Filter[] => fromAPI(text(params['additional_filters']));

/** question says what to ask for a widget: its own parameters, and the variables of the dashboard in the way that it understands them. */
export function question(kind: string, params: Params, v: Variables, project: string, now: Date): Question {
  const query: Question['query'] = { project };
  for (const [name, value] of Object.entries(params)) {
    if (name === 'project' || value == null || value === '') continue;
    query[name] =
      Array.isArray(value) && kind !== 'compare-runs-view' && name === 'additional_filters'
        ? text(value)
        : Array.isArray(value)
          ? value.map(String)
          : String(value);
  }
  const ignores: Question['ignores'] = [];
  const narrowed: string[] = [
    ...(v.env ? [`env=${comma(v.env)}`] : []),
    ...(v.component ? [`component=${comma(v.component)}`] : []),
  ];
  const from = v.days ? since(v.days, now) : '';
  const path = `/widget/${kind}`;
  const and = (more: string[]) => {
    const all = [text(query['additional_filters']), ...more].filter(Boolean).join(',');
    if (all) query['additional_filters'] = all;
  };
  switch (kind) {
    case 'run-aggregator':
      if (v.days) query['weeks'] = String(Number(v.days) / 7);
      and(narrowed);
      break;
    case 'result-aggregator':
      if (v.days) query['days'] = v.days;
      and(narrowed);
      break;
    case 'result-summary':
    case 'jenkins-heatmap':
    case 'filter-heatmap':
      and([...narrowed, ...(from ? [`start_time>${from}`] : [])]);
      // A build may have several runs of a group: a cell is about all of them.
      if (kind === 'jenkins-heatmap') query['together'] = 'true';
      break;
    case 'jenkins-bar-chart':
    case 'jenkins-line-chart': {
      // The charts themselves know no filters; the list of the builds that they are drawn from does. Each value is one
      // condition there, commas included.
      const more = [...filtersOf(params), ...held(v, now)].map(condition);
      delete query['additional_filters'];
      if (more.length)
        return {
          path: '/widget/jenkins-job-view',
          query: {
            project,
            additional_filters: [`job_name=${text(params['job_name'])}`, ...more],
            page_size: String(Math.min(1000, Math.max(1, Number(params['builds']) || 30))),
          },
          ignores,
        };
      break;
    }
    case 'importance-component':
      if (v.env) query['env'] = v.env;
      if (v.component) query['components'] = v.component;
      if (v.days) ignores.push('days');
      break;
    default:
      ignores.push(...(['days', 'env', 'component'] as const).filter((k) => v[k]));
  }
  return { path, query, ignores };
}

/** comma keeps a comma of a value from ending it. */
export const comma = (value: string): string => value.replaceAll(',', '\\,');

/** condition is a filter as the server has it. */
const condition = (f: Filter): string =>
  f.field + wire.find(([sign, op]) => op === f.operator && sign.length === 1)![0] + f.value;

/** toText writes filters in one text, as widgets keep them. */
export const toText = (filters: Filter[]): string =>
  filters.map((f) => condition({ ...f, value: comma(f.value) })).join(',');

const shared = /^(env|component|source|start_time|metadata\.jenkins\.[\w.-]+|data\.jenkins\.[\w.-]+)$/;

/** forResults are filters on runs as filters on the results of these runs; null where results do not know a field. */
export function forResults(runs: Filter[]): Filter[] | null {
  return runs.every((f) => shared.test(f.field))
    ? runs.map((f) => ({ ...f, field: f.field.replace(/^data\./, 'metadata.') }))
    : null;
}

/** held are the conditions of the variables. */
export function held(v: Variables, now: Date): Filter[] {
  const eq = (field: string, value: string): Filter[] => (value ? [{ field, operator: 'eq', value }] : []);
  return [
    ...eq('env', v.env),
    ...eq('component', v.component),
    ...(v.days ? [{ field: 'start_time', operator: 'gt' as const, value: since(v.days, now) }] : []),
  ];
}

/** address is a list with these filters; one that is there twice is written once. */
export function address(list: string, filters: Filter[]): string {
  const seen = new Set<string>();
  const q = toAddress(
    filters.filter((f) => {
      const key = JSON.stringify(f);
      return !seen.has(key) && seen.add(key);
    }),
  );
  return list + (q.size ? '?' + q : '');
}

/** resultsOf is the list of the results of such runs, or of the runs where results do not know a field. */
export function resultsOf(base: string, runs: Filter[], state?: string): string {
  const results = forResults(runs);
  return results
    ? address(`${base}/results`, [
        ...(state ? [{ field: 'result', operator: 'eq' as const, value: state }] : []),
        ...results,
      ])
    : address(`${base}/runs`, runs);
}

/** The keys that the analysis of a job has in its address beside filters. */
export const analysisKeys = ['job_name', 'builds', 'group_field', 'count_skips', 'chart', 'as'] as const;

/** analysisOf is the analysis of a job, of the runs that the filters let through. */
export function analysisOf(base: string, job: string, filters: Filter[] = []): string {
  const more = filters.filter((f) => !/(^|\.)(job_name|build_number)$/.test(f.field));
  return `${base}/view/jenkins-analysis-view?${toAddress(more, new URLSearchParams({ job_name: job }), analysisKeys)}`;
}

/** faultAt reads of a refusal which parameter it is about: "Invalid parameters for widget 'x': builds: it has to be…". */
export function faultAt(message: string): { param: string; reason: string } | null {
  const match = /^Invalid parameters for widget '[^']*': ([\w.-]+): (.*)$/s.exec(message);
  return match ? { param: match[1]!, reason: match[2]! } : null;
}

export interface ParamType {
  name: string;
  type: string;
  description: string;
  required?: boolean;
  default?: unknown;
}
export interface WidgetType {
  id: string;
  title: string;
  description?: string;
  type: string;
  params: ParamType[];
}

export const hidden = new Set(['project', 'additional_filters']);

/** starting are the values with which a form for a new widget begins. */
export function starting(type: WidgetType): Params {
  const values: Params = {};
  for (const p of type.params) {
    if (hidden.has(p.name)) continue;
    values[p.name] =
      p.default ??
      (p.type === 'boolean' ? false : p.type === 'integer' || p.type === 'float' ? 3 : p.type === 'list' ? [] : '');
  }
  return values;
}

/** faults says of each parameter that cannot be used why. */
export function faults(type: WidgetType, values: Params): Record<string, string> {
  const found: Record<string, string> = {};
  for (const p of type.params) {
    if (p.name === 'project') continue;
    const value = values[p.name];
    const said = value != null && value !== '' && !(Array.isArray(value) && value.length === 0);
    // An empty text is a default of its own: the widget shows nothing until it is filled.
    if (!said) {
      if (p.required) found[p.name] = p.name === 'additional_filters' ? 'Set at least one filter.' : 'This is needed.';
      continue;
    }
    if (p.type === 'integer' && !/^\d+$/.test(String(value).trim())) found[p.name] = 'A whole number is needed.';
    else if (p.type === 'integer' && p.name === 'builds' && (Number(value) < 1 || Number(value) > 1000))
      found[p.name] = 'From 1 to 1000.';
    else if (p.type === 'float' && !/^\d+(\.\d+)?$/.test(String(value).trim())) found[p.name] = 'A number is needed.';
  }
  return found;
}

/** stored are the parameters to keep: numbers as numbers, and nothing empty. */
export function stored(type: WidgetType, values: Params): Params {
  const params: Params = {};
  for (const p of type.params) {
    const value = values[p.name];
    if (p.name === 'project' || value == null || value === '') continue;
    params[p.name] =
      p.type === 'integer' || p.type === 'float'
        ? Number(value)
        : p.type === 'boolean'
          ? value === true || value === 'true'
          : value;
  }
  return params;
}

export const paramsOf = (w: WidgetConfig): Params => (w.params && typeof w.params === 'object' ? w.params : {});
