import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { api } from '../lib/api';
import { asked } from '../lib/asked';
import { kept, wear, type Choices, type Density, type Theme } from '../lib/kept';
import { useToast } from './toast';

const { queryKey } = asked.preferences();

const useChoices = () => useQuery({ ...asked.preferences(), placeholderData: () => kept.get() });

/** useChoice is something that a person has chosen and finds again in every browser. null chooses nothing. */
export function useChoice<T>(name: string, otherwise: T): [T, (value: T | null) => void] {
  const client = useQueryClient();
  const toast = useToast();
  const value = (useChoices().data?.[name] as T | undefined) ?? otherwise;
  const choose = useCallback(
    (next: T | null) => {
      const { [name]: _, ...others } = client.getQueryData<Choices>(queryKey) ?? kept.get();
      const choices = next == null ? others : { ...others, [name]: next };
      kept.set(choices);
      client.setQueryData(queryKey, choices);
      api.put('/user/preferences', { [name]: next }).catch((e: unknown) =>
        toast('The server did not keep your choice', {
          kind: 'danger',
          body: `${e instanceof Error ? e.message : String(e)} It holds in this window.`,
        }),
      );
    },
    [client, name, toast],
  );
  return [value, choose];
}

export const useTheme = () => useChoice<Theme>('theme', 'system');
export const useDensity = () => useChoice<Density>('density', 'roomy');

/** useLook shows the page as its person likes it, also when that has been chosen elsewhere. */
export function useLook(): void {
  const choices = useChoices();
  const [theme] = useTheme();
  const [density] = useDensity();
  useEffect(() => {
    if (choices.data && !choices.isPlaceholderData) wear(theme, density);
    if (theme !== 'system') return;
    const media = matchMedia('(prefers-color-scheme: dark)');
    const change = () => wear(theme, density);
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, [choices.data, choices.isPlaceholderData, theme, density]);
}
