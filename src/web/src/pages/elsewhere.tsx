import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, useLocation, useParams } from 'react-router';
import { api, type Run } from '../lib/api';
import { Empty, Lines } from '../parts/states';

/** Elsewhere leads an address without a project, as reporters print it, to the page below the project. */
export function Elsewhere({ kind }: { kind: 'run' | 'result' }) {
  const { id } = useParams();
  const { hash, search } = useLocation();
  const { data, error } = useQuery({
    queryKey: [kind, id],
    queryFn: ({ signal }) => api.get<Run>(`/${kind}/${id}`, {}, signal),
  });
  if (error)
    return (
      <Empty title={`This ${kind} is not there`} actions={<Link to="/project">Choose a project</Link>}>
        It may have been deleted, or belong to a project that you are not a member of.
      </Empty>
    );
  if (!data) return <Lines />;
  return <Navigate to={`/project/${data.project_id}/${kind}s/${id}${search}${hash}`} replace />;
}
