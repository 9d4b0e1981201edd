/** One condition of a list. Several on one field are all to hold. */
export interface Filter {
  field: string;
  operator: Operator;
  value: string;
}

export type Operator = 'eq' | 'ne' | 'gt' | 'lt' | 'gte' | 'lte' | 'in' | 'exists' | 'regex' | 'contains';

/** What the API calls each operator. */
const wire: Record<Operator, string> = {
  eq: '=',
  ne: '!',
  gt: '>',
  lt: '<',
  gte: ')',
  lte: '(',
  in: '*',
  exists: '@',
  regex: '~',
  contains: '%',
};

/** How each is typed. Longer ones first, so that >= is not read as >. */
const typed: [string, Operator][] = [
  ['>=', 'gte'],
  ['<=', 'lte'],
  ['!=', 'ne'],
  [':', 'eq'],
  ['=', 'eq'],
  ['!', 'ne'],
  ['>', 'gt'],
  ['<', 'lt'],
  ['~', 'regex'],
  ['*', 'in'],
  ['%', 'contains'],
  ['@', 'exists'],
];

const shown: Record<Operator, string> = {
  eq: ':',
  ne: '!=',
  gt: '>',
  lt: '<',
  gte: '>=',
  lte: '<=',
  in: '*',
  exists: '@',
  regex: '~',
  contains: '%',
};

/** Keys of the address that are no filters. */
const reserved = new Set([
  'page',
  'pageSize',
  'tab',
  'q',
  'group',
  'open',
  'sort',
  'view',
  'a',
  'b',
  'days',
  'run_list',
  'least',
  'shown',
  'with',
  'from',
]);

/** Short names for what is typed often. */
const aliases: Record<string, string> = {
  test: 'test_id',
  run: 'run_id',
  job: 'metadata.jenkins.job_name',
  build: 'metadata.jenkins.build_number',
  tag: 'metadata.tags',
  marker: 'metadata.markers',
  exception: 'metadata.exception_name',
  class: 'metadata.classification',
  started: 'start_time',
  assignee: 'metadata.assignee',
};

/** toAPI gives the values of the API's filter parameter. A comma cannot be part of a value there; a regex matches any character instead. */
export function toAPI(filters: Filter[]): string[] {
  return filters.map(({ field, operator, value }) => {
    if (!value.includes(',')) return field + wire[operator] + value;
    if (operator === 'contains' || operator === 'in')
      return field + wire[operator] + value.replaceAll(',', operator === 'in' ? ';' : '_');
    if (operator === 'regex') return field + '~' + value.replaceAll(',', '.');
    return field + '~' + '^' + escapeRegex(value).replaceAll(',', '.') + '$';
  });
}

/** forProject narrows a list to a project, which the API takes for a filter like others. */
export const forProject = (project: string, filters: Filter[]): string[] => [
  ...toAPI(filters),
  `project_id=${project}`,
];

export const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * fromAddress reads the filters of an address, those that the original's links have included: field=[operator]value. own are
 * keys that mean something else on a page.
 */
export function fromAddress(params: URLSearchParams, own: readonly string[] = []): Filter[] {
  const filters: Filter[] = [];
  for (const [field, raw] of params) {
    if (reserved.has(field) || own.includes(field) || !/^[\w.-]+$/.test(field)) continue;
    const match = /^\[(\w+)\](.*)$/s.exec(raw);
    const operator = match && match[1]! in wire ? (match[1] as Operator) : 'eq';
    filters.push({ field, operator, value: match && match[1]! in wire ? match[2]! : raw });
  }
  return filters;
}

/** toAddress replaces the filters in an address and leaves its other parts. */
export function toAddress(
  filters: Filter[],
  params: URLSearchParams = new URLSearchParams(),
  own: readonly string[] = [],
): URLSearchParams {
  const next = new URLSearchParams();
  for (const [key, value] of params)
    if ((reserved.has(key) || own.includes(key)) && key !== 'page') next.append(key, value);
  for (const f of filters)
    next.append(f.field, f.operator === 'eq' && !f.value.startsWith('[') ? f.value : `[${f.operator}]${f.value}`);
  return next;
}

/** parse reads what was typed. A bare word looks into the free field. */
export function parse(text: string, free: string): Filter[] {
  const words = text.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  return words.flatMap((word): Filter[] => {
    const plain = word.replaceAll('"', '');
    const without = /^-([A-Za-z][\w.-]*)[:=](.+)$/s.exec(plain);
    if (without && !without[2]!.startsWith(':'))
      return without[2]!.split('|').map((value) => ({ field: apiField(without[1]!), operator: 'ne', value }));
    const match = /^([A-Za-z][\w.-]*)(>=|<=|!=|[:=!><~*%@])(.*)$/s.exec(plain);
    // a::b is the name of a test
    if (!match || !match[3] || match[3].startsWith(':'))
      return plain ? [{ field: free, operator: 'contains', value: plain }] : [];
    const operator = typed.find(([sign]) => sign === match[2])![1];
    const field = aliases[match[1]!] ?? match[1]!;
    if (operator === 'eq' && match[3].includes('|'))
      return [{ field, operator: 'in', value: match[3].replaceAll('|', ';') }];
    return [{ field, operator, value: match[3] }];
  });
}

/** print is what one would type for a filter. */
export function print({ field, operator, value }: Filter): string {
  const short = Object.entries(aliases).find(([, long]) => long === field)?.[0] ?? field;
  if (operator === 'in' && value.includes(';') && !/\s/.test(value)) return `${short}:${value.replaceAll(';', '|')}`;
  const text = short + shown[operator] + value;
  return /\s/.test(text) ? `${short}${shown[operator]}"${value}"` : text;
}

export const same = (a: Filter, b: Filter): boolean =>
  a.field === b.field && a.operator === b.operator && a.value === b.value;

/** add puts a filter to others; a value that is asked for replaces another on the same field. */
export function add(filters: Filter[], f: Filter): Filter[] {
  const rest = filters.filter(
    (o) => !same(o, f) && !(f.operator === 'eq' && o.field === f.field && (o.operator === 'eq' || o.operator === 'in')),
  );
  return [...rest, f];
}

export const fields = {
  run: [
    'component',
    'env',
    'source',
    'job',
    'build',
    'tag',
    'duration',
    'started',
    'summary.failures',
    'summary.errors',
    'summary.pass_percent',
    'summary.tests',
    'id',
  ],
  result: [
    'result',
    'test',
    'component',
    'env',
    'source',
    'exception',
    'class',
    'job',
    'build',
    'marker',
    'run',
    'duration',
    'started',
    'assignee',
    'metadata.importance',
  ],
};

export const resultValues = ['passed', 'failed', 'error', 'skipped', 'xfailed', 'xpassed', 'manual'];

export const apiField = (typedField: string): string => aliases[typedField] ?? typedField;

/** What the server knows of a row beside its documents. The server passes over other fields, so that they are told of here. */
const known = {
  run: ['id', 'component', 'env', 'source', 'duration', 'start_time', 'created', 'project_id'],
  result: ['id', 'test_id', 'result', 'component', 'env', 'source', 'run_id', 'duration', 'start_time', 'project_id'],
};
const documents = { run: /^(metadata|data|summary)\../, result: /^(metadata|data|params)\../ };
const numeric = /^(duration|summary\..*)$/;

/** faultOf says what cannot be understood of what was typed, or nothing. */
export function faultOf(text: string, kind: 'run' | 'result'): string {
  if ((text.match(/"/g)?.length ?? 0) % 2) return 'A quotation mark is not closed.';
  const bare = /(?:^|\s)(-?[A-Za-z][\w.-]*(?:>=|<=|!=|[:=><~*%@]))(?=\s|$)/.exec(text);
  if (bare) return `${bare[1]} has no value: write it behind, without a space.`;
  for (const { field, operator, value } of parse(text, '')) {
    if (!field) continue;
    if (!known[kind].includes(field) && !documents[kind].test(field))
      return `A ${kind} has no field ${field}. A value of its metadata is metadata.${field}.`;
    if (numeric.test(field) && !['exists', 'in'].includes(operator) && !Number.isFinite(Number(value)))
      return `${field} is a number; ${value} is none.`;
    if (operator === 'exists' && !/^(t|true|y|yes|1|f|false|n|no|0)$/i.test(value))
      return `${field}@ takes yes or no: whether there is a value.`;
    if (operator === 'regex' && !isPattern(value)) return `${value} is no regular expression.`;
  }
  return '';
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
