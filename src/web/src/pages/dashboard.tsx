import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, Navigate, useParams, useSearchParams } from 'react-router';
import { Board } from '../board/board';
import { NoBoards } from '../board/first';
import { useProject } from '../frame';
import { asked } from '../lib/asked';
import { dashboardsOf } from '../lib/boards';
import { Empty, Failed, Lines, useTitle } from '../parts/states';

const last = {
  get: (project: string) => localStorage.getItem(`dashboard ${project}`),
  set: (project: string, id: string) => localStorage.setItem(`dashboard ${project}`, id),
};

function useBoards(project: string) {
  return useQuery({
    queryKey: ['dashboards', project],
    queryFn: ({ signal }) => dashboardsOf(project, signal),
    staleTime: 30000,
  });
}

/** Dashboards finds the dashboard of an address: the named one, else the project's own, the last one seen, or the first. */
export function Dashboards() {
  const { project, base } = useProject();
  const { id } = useParams();
  const [address] = useSearchParams();
  const boards = useBoards(project);
  const own = useQuery(asked.project(project));
  useTitle('Dashboards');
  const board = boards.data?.find((b) => b.id === id);
  useEffect(() => {
    if (board) last.set(project, board.id!);
  }, [project, board]);
  if (boards.error) return <Failed error={boards.error} what="Dashboards" retry={() => void boards.refetch()} />;
  if (!boards.data || (!id && own.isPending))
    return (
      <>
        <div className="heading">
          <h1>Dashboards</h1>
        </div>
        <Lines n={6} />
      </>
    );
  if (id) {
    if (board)
      return <Board key={id} board={board} boards={boards.data} standard={own.data?.default_dashboard_id ?? null} />;
    return (
      <Empty
        title="This dashboard is not there"
        actions={<Link to={`${base}/dashboard`}>The dashboards of this project</Link>}
      >
        It may have been deleted, or belong to another project.
      </Empty>
    );
  }
  const there = (wanted: string | null | undefined) => boards.data.some((b) => b.id === wanted) && wanted;
  const chosen = there(own.data?.default_dashboard_id) || there(last.get(project)) || boards.data[0]?.id;
  if (chosen)
    return (
      <Navigate to={{ pathname: `${base}/dashboard/${chosen}`, search: address.size ? `?${address}` : '' }} replace />
    );
  return <NoBoards />;
}
