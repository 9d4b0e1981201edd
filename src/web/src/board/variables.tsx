import { Button } from '@patternfly/react-core';
import type { Variables } from '../lib/board';
import { useKnown } from '../widgets/wizard';

const times: [string, string][] = [
  ['', 'as each is set'],
  ['1', 'last 24 hours'],
  ['7', 'last 7 days'],
  ['14', 'last 14 days'],
  ['30', 'last 30 days'],
  ['90', 'last 90 days'],
];
const paces: [string, string][] = [
  ['', 'off'],
  ['30', 'every 30 s'],
  ['60', 'every minute'],
  ['300', 'every 5 min'],
];

function Choice({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: string;
  options: [string, string][];
  change: (v: string) => void;
}) {
  const all = value && !options.some(([o]) => o === value) ? [...options, [value, value] as [string, string]] : options;
  return (
    <label className={`choice${value ? ' set' : ''}`}>
      <span>{label}</span>
      <select value={value} onChange={(e) => change(e.target.value)}>
        {all.map(([v, word]) => (
          <option key={v} value={v}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

const orAll = (values: string[]): [string, string][] => [['', 'all'], ...values.map((v): [string, string] => [v, v])];

/** wordOf says what holds for all widgets, and how often they are renewed, to somebody who looks at a wall. */
export const wordOf = {
  variables: (vars: Variables): string =>
    [times.find(([v]) => v && v === vars.days)?.[1], vars.env, vars.component].filter(Boolean).join(' · '),
  pace: (pace: string): string => paces.find(([v]) => v === pace)?.[1] ?? `every ${pace} s`,
};

/** VariableBar sets what holds for all widgets of a dashboard. */
export function VariableBar({
  project,
  vars,
  pace,
  put,
}: {
  project: string;
  vars: Variables;
  pace: string;
  put: (changes: Record<string, string | null>, replace?: boolean) => void;
}) {
  const envs = useKnown(project, 'env');
  const components = useKnown(project, 'component');
  return (
    <div className="variables" role="group" aria-label="For all widgets">
      <Choice label="Time" value={vars.days} options={times} change={(v) => put({ days: v }, false)} />
      <Choice label="Environment" value={vars.env} options={orAll(envs)} change={(v) => put({ env: v }, false)} />
      <Choice
        label="Component"
        value={vars.component}
        options={orAll(components)}
        change={(v) => put({ component: v }, false)}
      />
      <Choice label="Refresh" value={pace} options={paces} change={(v) => put({ refresh: v })} />
      {(vars.days || vars.env || vars.component) && (
        <Button size="sm" variant="link" onClick={() => put({ days: null, env: null, component: null }, false)}>
          Clear
        </Button>
      )}
    </div>
  );
}
