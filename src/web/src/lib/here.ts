import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, type User } from './api';

/** Who is signed in. */
export const useUser = () =>
  useQuery({ queryKey: ['user'], queryFn: ({ signal }) => api.get<User>('/user', {}, signal), staleTime: 300000 });

/** The project of the address, and the start of every address in it. */
export function useProject() {
  const project = useParams()['project'] ?? '';
  return { project, base: `/project/${project}` };
}
