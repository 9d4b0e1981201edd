import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useMemo, useState } from 'react';
import { api, APIError, type WidgetConfig } from '../lib/api';
import {
  faultAt,
  faults,
  filtersOf,
  hidden,
  paramsOf,
  starting,
  stored,
  toText,
  type Params,
  type ParamType,
  type WidgetType,
} from '../lib/ask';
import { wordOf } from '../lib/marks';
import { FilterLine } from '../parts/filterline';
import { Failed, Lines } from '../parts/states';
import { useWidget, WidgetBody, type Given } from './card';
import { kindOf, knownKind } from './kinds';
import { Sketch } from './sketch';

export const useTypes = () =>
  useQuery({
    queryKey: ['widget-types'],
    staleTime: Infinity,
    queryFn: async ({ signal }) => (await api.get<{ types: WidgetType[] }>('/widget/types', {}, signal)).types,
  });

/** Values that a field already has somewhere in the project, to choose from. */
const known = (project: string, field: string, enabled: boolean) => ({
  queryKey: ['values', project, field],
  enabled,
  staleTime: 300000,
  retry: false,
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    api.get<{ _id: unknown }[]>(
      '/widget/result-aggregator',
      { group_field: field, project, days: 365, for_filter: true },
      signal,
    ),
});

/** useKnown are the values of a field, sorted. */
export function useKnown(project: string, field: string, enabled = true): string[] {
  const { data } = useQuery(known(project, field, enabled));
  return useMemo(
    () => [...new Set((data ?? []).map((v) => String(v._id ?? '')).filter(Boolean))].sort((a, b) => a.localeCompare(b)),
    [data],
  );
}

const runFields = ['component', 'env', 'source', 'metadata.jenkins.job_name', 'metadata.jenkins.build_number'];
const resultFields = [
  'result',
  ...runFields,
  'metadata.exception_name',
  'metadata.classification',
  'metadata.importance',
  'metadata.assignee',
  'metadata.fspath',
  'test_id',
];
const fieldOf: Record<string, string> = {
  job_name: 'metadata.jenkins.job_name',
  env: 'env',
  source: 'source',
  components: 'component',
};
const plainNames: Record<string, string> = {
  job_name: 'Job',
  builds: 'Builds',
  group_field: 'Group by',
  count_skips: 'Count skipped tests as failures',
  weeks: 'Weeks',
  days: 'Days',
  run_id: 'Run',
  for_filter: 'Distinct values only',
  env: 'Environment',
  source: 'Source',
  components: 'Components',
  run_list: 'Runs',
};

function Field({
  param,
  value,
  change,
  fault,
  project,
  widget,
}: {
  param: ParamType;
  value: unknown;
  change: (v: unknown) => void;
  fault: string | undefined;
  project: string;
  widget: string;
}) {
  const id = useId();
  const from = fieldOf[param.name];
  const values = useKnown(project, from ?? '', !!from);
  const choices =
    param.name === 'group_field'
      ? widget === 'importance-component'
        ? ['component']
        : widget === 'result-aggregator'
          ? resultFields
          : runFields
      : values;
  const described = `${id}-help${fault ? ` ${id}-fault` : ''}`;
  const common = {
    id,
    'aria-describedby': described,
    'aria-invalid': !!fault,
    className: `field${fault ? ' faulty' : ''}`,
  };
  const name = plainNames[param.name] ?? wordOf(param.name);
  if (param.type === 'boolean')
    return (
      <div className="form-field">
        <label className="check">
          <input
            type="checkbox"
            checked={value === true || value === 'true'}
            aria-describedby={described}
            onChange={(e) => change(e.target.checked)}
          />{' '}
          {name}
        </label>
        <span className="quiet help" id={`${id}-help`}>
          {param.description}
        </span>
      </div>
    );
  return (
    <div className="form-field">
      <label htmlFor={id}>
        {name}
        {param.required && <span className="quiet"> (needed)</span>}
      </label>
      {param.type === 'list' ? (
        <textarea
          {...common}
          rows={3}
          value={Array.isArray(value) ? value.join('\n') : String(value ?? '')}
          placeholder="One on each line"
          onChange={(e) =>
            change(
              e.target.value
                .split('\n')
                .map((l) => l.trim())
                .filter((l, i, all) => l || i === all.length - 1),
            )
          }
          onBlur={() => Array.isArray(value) && change(value.filter(Boolean))}
        />
      ) : (
        <input
          {...common}
          value={String(value ?? '')}
          inputMode={param.type === 'integer' ? 'numeric' : param.type === 'float' ? 'decimal' : undefined}
          list={choices.length ? `${id}-list` : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={(e) => change(e.target.value)}
        />
      )}
      {choices.length > 0 && (
        <datalist id={`${id}-list`}>
          {choices.map((c) => (
            <option key={c} value={c} />
          ))}
        </datalist>
      )}
      {fault && (
        <span className="text-failed fault" id={`${id}-fault`} role="alert">
          ✕ {fault}
        </span>
      )}
      <span className="quiet help" id={`${id}-help`}>
        {param.description}
      </span>
    </div>
  );
}

interface Props {
  given: Given;
  /** The widget to change; none to make a new one. */
  config?: WidgetConfig | undefined;
  close: () => void;
  save: (config: WidgetConfig) => Promise<void>;
}

/** Wizard asks what kind of widget, then how it is set, with the widget itself beside the questions. */
export function Wizard({ given, config, close, save }: Props) {
  const types = useTypes();
  const [kind, setKind] = useState(config?.widget ?? '');
  const [title, setTitle] = useState(config?.title ?? '');
  const [values, setValues] = useState<Params>(config ? paramsOf(config) : {});
  const [touched, setTouched] = useState<Set<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const type = types.data?.find((t) => t.id === kind);
  const choose = (t: WidgetType) => {
    setKind(t.id);
    setValues((old) => ({
      ...starting(t),
      ...(!!old['job_name'] && t.params.some((p) => p.name === 'job_name') && { job_name: old['job_name'] }),
      ...(t.id === 'result-aggregator' && { days: 30 }),
    }));
    if (!title || types.data?.some((o) => o.title === title)) setTitle(t.title);
    setTouched(new Set());
    setTried(false);
  };
  // Most projects have few jobs and components: what is there is a better start than an empty field.
  const jobs = useKnown(given.project, 'metadata.jenkins.job_name', !config);
  const components = useKnown(given.project, 'component', !config);
  useEffect(() => {
    if (!type || config) return;
    const empty = (name: string) =>
      type.params.some((p) => p.name === name) && values[name] === '' && !touched.has(name);
    if (empty('job_name') && type.params.some((p) => p.name === 'job_name' && p.required) && jobs[0])
      setValues((old) => ({ ...old, job_name: jobs[0] }));
    if (empty('components') && components.length)
      setValues((old) => ({ ...old, components: components.slice(0, 6).join(',') }));
  }, [type, config, jobs, components, values, touched]);
  const found = type ? faults(type, values) : {};
  const [tested, setTested] = useState<Params>({});
  const params = type ? stored(type, values) : {};
  const text = JSON.stringify(params);
  useEffect(() => {
    const wait = setTimeout(() => setTested(JSON.parse(text) as Params), 350);
    return () => clearTimeout(wait);
  }, [text]);
  const whole = !!type && Object.keys(found).length === 0 && Object.keys(faults(type, tested)).length === 0;
  const answer = useWidget(kind, tested, given, whole);
  const server = answer.error instanceof APIError ? faultAt(answer.error.message) : null;
  const faultOf = (name: string): string | undefined =>
    found[name] && (tried || touched.has(name)) ? found[name] : server?.param === name ? server.reason : undefined;
  const finish = async () => {
    setTried(true);
    if (!title.trim() || !type || Object.keys(found).length) return;
    setBusy(true);
    setRefused(null);
    try {
      await save({ ...config, title: title.trim(), widget: kind, type: 'widget', params } as WidgetConfig);
    } catch (e) {
      setRefused(e);
      setBusy(false);
    }
  };
  const filters = type?.params.find((p) => p.name === 'additional_filters');
  return (
    <Modal variant="large" isOpen onClose={close} aria-label={config ? 'Edit widget' : 'Add widget'} className="wizard">
      <ModalHeader
        title={config ? `Edit ${config.title}` : type ? `New widget: ${type.title}` : 'What should the widget show?'}
      />
      <ModalBody tabIndex={0}>
        {types.error ? (
          <Failed error={types.error} what="The kinds of widgets" retry={() => void types.refetch()} />
        ) : !types.data ? (
          <Lines n={4} />
        ) : !type ? (
          <ul className="plain-list kinds">
            {types.data
              .filter((t) => t.type === 'widget' && knownKind(t.id))
              .map((t) => (
                <li key={t.id}>
                  <button type="button" onClick={() => choose(t)}>
                    <Sketch of={t.id} />
                    <b>{t.title}</b>
                    <span className="quiet">{t.description}</span>
                  </button>
                </li>
              ))}
          </ul>
        ) : (
          <div className="settings">
            <div>
              <div className="form-field">
                <label htmlFor="widget-title">Title</label>
                <input
                  id="widget-title"
                  className={`field${tried && !title.trim() ? ' faulty' : ''}`}
                  value={title}
                  maxLength={200}
                  aria-invalid={tried && !title.trim()}
                  onChange={(e) => setTitle(e.target.value)}
                  autoFocus
                />
                {tried && !title.trim() && (
                  <span className="text-failed fault" role="alert">
                    ✕ This is needed.
                  </span>
                )}
              </div>
              {type.params
                .filter((p) => !hidden.has(p.name) && !(p.name === 'for_filter'))
                .map((p) => (
                  <Field
                    key={p.name}
                    param={p}
                    value={values[p.name]}
                    fault={faultOf(p.name)}
                    project={given.project}
                    widget={kind}
                    change={(v) => {
                      setValues((old) => ({ ...old, [p.name]: v }));
                      setTouched((old) => new Set(old).add(p.name));
                    }}
                  />
                ))}
              {filters && (
                <div className="form-field">
                  <span>Filters{filters.required && <span className="quiet"> (needed)</span>}</span>
                  <FilterLine
                    kind={kindOf(kind)?.filters ?? 'run'}
                    project={given.project}
                    filters={filtersOf(values)}
                    change={(f) => {
                      setValues((old) => ({ ...old, additional_filters: toText(f) }));
                      setTouched((old) => new Set(old).add('additional_filters'));
                    }}
                  />
                  {faultOf('additional_filters') && (
                    <span className="text-failed fault" role="alert">
                      ✕ {faultOf('additional_filters')}
                    </span>
                  )}
                  <span className="quiet help">{filters.description}</span>
                </div>
              )}
            </div>
            <div className="preview" aria-live="polite">
              <h3>{title || 'Untitled'}</h3>
              {whole ? (
                <WidgetBody widget={kind} params={tested} given={given} numbers={false} title={title} answer={answer} />
              ) : (
                <div className="widget-body">
                  <p className="quiet">The widget shows up here once what it needs is set.</p>
                </div>
              )}
            </div>
          </div>
        )}
        {refused ? <Failed error={refused} what="The widget" /> : null}
      </ModalBody>
      <ModalFooter>
        {type && (
          <Button variant="primary" isLoading={busy} isDisabled={busy} onClick={() => void finish()}>
            {config ? 'Save' : 'Add widget'}
          </Button>
        )}
        {type && !config && (
          <Button variant="secondary" onClick={() => setKind('')}>
            Another kind
          </Button>
        )}
        <Button variant="link" onClick={close}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
