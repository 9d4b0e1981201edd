import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { asked } from './asked';

/** Who is signed in. */
export const useUser = () => useQuery(asked.user());

/** The project of the address, and the start of every address in it. */
export function useProject() {
  const project = useParams()['project'] ?? '';
  return { project, base: `/project/${project}` };
}
