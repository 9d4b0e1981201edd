import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type List, type Project } from '../lib/api';
import { bytes, count } from '../lib/format';
import type { components } from '../lib/schema';
import { Dialog, Input, says } from '../parts/form';
import { Empty, Failed, Lines, useTitle } from '../parts/states';
import { Table } from '../parts/table';
import { useToast } from '../parts/toast';

type Schemas = components['schemas'];
type Policy = Schemas['RetentionPolicy'];

const kinds = ['artifacts', 'results', 'runs'] as const;
const days = (hours: number) =>
  hours === 0 ? 'for ever' : hours % 24 ? `${count(hours)} hours` : `${count(hours / 24)} days`;
const own = (d: number | null | undefined) => (d == null ? 'as everywhere' : d === 0 ? 'for ever' : `${count(d)} days`);

function Edit({ policy, close }: { policy: Policy | null; close: () => void }) {
  const client = useQueryClient();
  const [project, setProject] = useState(policy?.project_id ?? '');
  const [values, setValues] = useState<Record<string, string>>(
    Object.fromEntries(kinds.map((k) => [k, policy?.[`${k}_days`] == null ? '' : String(policy[`${k}_days`])])),
  );
  const projects = useQuery({
    queryKey: ['admin', 'projects', 'all'],
    enabled: !policy,
    queryFn: ({ signal }) => api.get<List<'projects', Project>>('/admin/project', { pageSize: 200 }, signal),
  });
  const save = async () => {
    await api.put(
      `/admin/retention/${project}`,
      Object.fromEntries(kinds.map((k) => [`${k}_days`, values[k] === '' ? null : Number(values[k])])),
    );
    await client.invalidateQueries({ queryKey: ['admin', 'retention'] });
  };
  return (
    <Dialog
      title={policy ? `How long ${policy.project} keeps` : 'A project with rules of its own'}
      act="Save"
      close={close}
      run={save}
      ready={!!project}
    >
      {!policy && (
        <label className="form-field">
          Project
          <select className="field" required value={project} onChange={(e) => setProject(e.target.value)}>
            <option value="">Choose one</option>
            {(projects.data?.projects ?? []).map((p) => (
              <option key={p.id} value={p.id}>
                {p.title || p.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {kinds.map((k) => (
        <Input
          key={k}
          label={`Days that ${k} are kept`}
          type="number"
          value={values[k] ?? ''}
          change={(v) => setValues({ ...values, [k]: v })}
          hint="0 for ever, empty as everywhere"
        />
      ))}
    </Dialog>
  );
}

export function Retention() {
  useTitle('Retention - Administration');
  const client = useQueryClient();
  const toast = useToast();
  const [edit, setEdit] = useState<Policy | 'new' | null>(null);
  const rules = useQuery({
    queryKey: ['admin', 'retention'],
    queryFn: ({ signal }) => api.get<Schemas['Retention']>('/admin/retention', {}, signal),
  });
  const preview = useQuery({
    queryKey: ['admin', 'retention', 'preview'],
    enabled: false,
    gcTime: 0,
    queryFn: ({ signal }) => api.get<Schemas['RetentionPreview']>('/admin/retention/preview', {}, signal),
  });
  const drop = async (p: Policy) => {
    try {
      await api.remove(`/admin/retention/${p.project_id}`);
      toast(`${p.project} keeps as everywhere`);
    } catch (e) {
      toast('Not changed', { kind: 'danger', body: says(e) });
    }
    await client.invalidateQueries({ queryKey: ['admin', 'retention'] });
  };
  if (rules.error) return <Failed error={rules.error} what="Retention" retry={() => void rules.refetch()} />;
  if (!rules.data) return <Lines n={4} />;
  const r = rules.data;
  return (
    <div>
      <div className="heading">
        <h1>Retention</h1>
        <span className="spring" />
        <Button onClick={() => setEdit('new')}>Rules for a project</Button>
      </div>
      <p>Everywhere, by the settings of the server:</p>
      <dl className="figures">
        {(
          [
            ['Artifacts', r.artifacts_hours],
            ['Results', r.results_hours],
            ['Runs', r.runs_hours],
            ['Imports', r.imports_hours],
          ] as const
        ).map(([name, h]) => (
          <div key={name}>
            <dt>{name} are kept</dt>
            <dd>{days(h)}</dd>
          </div>
        ))}
      </dl>
      <h2 className="section">Projects with rules of their own</h2>
      {r.projects.length === 0 ? (
        <p className="quiet">None.</p>
      ) : (
        <Table
          name="Rules of projects"
          rows={r.projects}
          id={(p) => p.project_id}
          columns={[
            ['Project', (p) => p.project],
            ['Artifacts', (p) => own(p.artifacts_days)],
            ['Results', (p) => own(p.results_days)],
            ['Runs', (p) => own(p.runs_days)],
            [
              '',
              (p) => (
                <>
                  <Button size="sm" variant="link" onClick={() => setEdit(p)}>
                    Change<span className="sr"> {p.project}</span>
                  </Button>
                  <Button size="sm" variant="link" onClick={() => void drop(p)}>
                    As everywhere<span className="sr"> {p.project}</span>
                  </Button>
                </>
              ),
            ],
          ]}
        />
      )}
      <h2 className="section">What would go now</h2>
      <p>
        <Button
          variant="secondary"
          isLoading={preview.isFetching}
          isDisabled={preview.isFetching}
          onClick={() => void preview.refetch()}
        >
          Look
        </Button>{' '}
        <span className="quiet">Nothing is deleted by looking. Pinned runs stay.</span>
      </p>
      {preview.error ? (
        <Failed error={preview.error} what="The preview" retry={() => void preview.refetch()} />
      ) : (
        preview.data &&
        (preview.data.projects.length === 0 ? (
          <Empty title="Nothing is old enough to go" />
        ) : (
          <Table
            name="What would go now"
            rows={preview.data.projects}
            id={(p) => p.project + p.kind}
            columns={[
              ['Project', (p) => p.name],
              ['By the rule for', (p) => p.kind],
              ['Runs', (p) => count(p.deleted.runs)],
              ['Results', (p) => count(p.deleted.results)],
              ['Artifacts', (p) => count(p.deleted.artifacts)],
              ['Imports', (p) => count(p.deleted.imports)],
              ['Space', (p) => bytes(p.deleted.bytes)],
            ]}
          />
        ))
      )}
      {edit && <Edit policy={edit === 'new' ? null : edit} close={() => setEdit(null)} />}
    </div>
  );
}
