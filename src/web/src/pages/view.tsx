import '../widgets/board.css';
import { Button } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy } from 'react';
import { Link, useParams } from 'react-router';
import { useProject } from '../frame';
import { api, APIError, type WidgetConfig } from '../lib/api';
import { asked } from '../lib/asked';
import { paramsOf, type Params } from '../lib/ask';
import { Empty, Failed, Lines, useTitle } from '../parts/states';
import { useToast } from '../parts/toast';

export interface ViewProps {
  title: string;
  params: Params;
}

const Jobs = lazy(() => import('./view_jobs').then((m) => ({ default: m.JobsView })));
const Analysis = lazy(() => import('./view_analysis').then((m) => ({ default: m.AnalysisView })));
const CompareRuns = lazy(() => import('./view_compare').then((m) => ({ default: m.CompareView })));
const Accessibility = lazy(() => import('./view_accessibility').then((m) => ({ default: m.AccessibilityView })));
const AccessibilityAnalysis = lazy(() =>
  import('./view_accessibility').then((m) => ({ default: m.AccessibilityAnalysisView })),
);

const kinds = [
  {
    id: 'jenkins-job-view',
    title: 'Jenkins jobs',
    says: 'Every build of every job: how it ended, how long it took, its runs.',
    Page: Jobs,
  },
  {
    id: 'jenkins-analysis-view',
    title: 'Job analysis',
    says: 'One job over its builds: heatmap, health, duration.',
    Page: Analysis,
  },
  {
    id: 'compare-runs-view',
    title: 'Compare runs',
    says: 'The tests that ended differently in two runs, each found by filters.',
    Page: CompareRuns,
  },
  {
    id: 'accessibility-dashboard-view',
    title: 'Accessibility',
    says: 'The runs that checked accessibility.',
    Page: Accessibility,
  },
  {
    id: 'accessibility-analysis-view',
    title: 'Accessibility analysis',
    says: 'Checks, violations and results of runs that checked accessibility.',
    Page: AccessibilityAnalysis,
  },
];

/** View is a page of the project by the id of its configuration, or by the name of its kind, which every project has. */
export function View() {
  const { base } = useProject();
  const id = useParams()['id']!;
  const known = kinds.find((k) => k.id === id);
  const config = useQuery({
    queryKey: ['view', id],
    enabled: !known,
    queryFn: ({ signal }) => api.get<WidgetConfig>(`/widget-config/${id}`, {}, signal),
  });
  if (known) return <known.Page title={known.title} params={{}} />;
  if (config.error)
    return config.error instanceof APIError && [400, 403, 404].includes(config.error.status) ? (
      <Empty title="This view is not there" actions={<Link to={`${base}/view`}>All views</Link>}>
        It may have been deleted, or belong to another project.
      </Empty>
    ) : (
      <Failed error={config.error} what="The view" retry={() => void config.refetch()} />
    );
  if (!config.data) return <Lines />;
  const kind = kinds.find((k) => k.id === config.data.widget);
  if (!kind)
    return (
      <Empty title="This is not a view" actions={<Link to={`${base}/dashboard`}>Dashboards</Link>}>
        It is a widget, which stands on a dashboard.
      </Empty>
    );
  return <kind.Page key={id} title={config.data.title || kind.title} params={paramsOf(config.data)} />;
}

/** Views lists the kinds of views, each to open at once or to keep beside the other pages. */
export function Views() {
  useTitle('Views');
  const { project, base } = useProject();
  const client = useQueryClient();
  const toast = useToast();
  const { data, error, refetch } = useQuery(asked.views(project));
  if (error) return <Failed error={error} what="Views" retry={() => void refetch()} />;
  const fresh = () => client.invalidateQueries({ queryKey: ['views', project] });
  const failed = (e: unknown) =>
    toast('Nothing was changed', { kind: 'danger', body: e instanceof APIError ? e.message : String(e) });
  const keep = (kind: (typeof kinds)[number]) =>
    api
      .post('/widget-config', {
        title: kind.title,
        widget: kind.id,
        type: 'view',
        weight: 10,
        navigable: 'true',
        project_id: project,
      })
      .then(async () => {
        await fresh();
        toast(`“${kind.title}” is in the navigation of the project`);
      }, failed);
  const drop = (w: WidgetConfig) =>
    api.remove(`/widget-config/${w.id}`).then(async () => {
      await fresh();
      toast(`“${w.title}” taken out of the navigation`, {
        action: {
          label: 'Undo',
          run: () =>
            void api
              .post('/widget-config', {
                id: w.id,
                title: w.title ?? '',
                widget: w.widget,
                type: 'view',
                weight: w.weight ?? 10,
                navigable: 'true',
                params: w.params ?? {},
                project_id: project,
              })
              .then(fresh, failed),
        },
      });
    }, failed);
  return (
    <div>
      <div className="heading">
        <h1>Views</h1>
      </div>
      <p className="quiet">
        Pages that look at a project from one side. Those that you keep stand in the navigation for everybody in the
        project.
      </p>
      <ul className="plain-list view-list">
        {kinds.map((k) => {
          const kept = (data ?? []).filter((w) => w.widget === k.id);
          return (
            <li key={k.id} className="panel">
              <h2>
                <Link to={`${base}/view/${kept[0]?.id ?? k.id}`}>{k.title}</Link>
              </h2>
              <p>{k.says}</p>
              {kept.map((w) => (
                <p key={w.id} className="line-item">
                  <Link to={`${base}/view/${w.id}`}>{w.title || 'Untitled'}</Link>
                  <span className="quiet">{w.project_id ? 'in the navigation' : 'in every project'}</span>
                  {w.project_id && (
                    <Button variant="link" size="sm" isInline onClick={() => void drop(w)}>
                      Take out<span className="sr"> {w.title}</span>
                    </Button>
                  )}
                </p>
              ))}
              {data && kept.length === 0 && (
                <Button variant="secondary" size="sm" onClick={() => void keep(k)}>
                  Keep in the navigation<span className="sr">: {k.title}</span>
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
