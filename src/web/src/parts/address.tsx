import { useSearchParams } from 'react-router';

/** useAddress is what the address asks for, and a way to change some of it: what is empty goes from it. */
export function useAddress() {
  const [params, setParams] = useSearchParams();
  const put = (change: Record<string, string | null>, replace = true) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(change)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace },
    );
  return { params, get: (name: string) => params.get(name) ?? '', put };
}

/** usePage is the page of a list that the address asks for. */
export function usePage(): [number, (page: number) => void] {
  const { get, put } = useAddress();
  return [Number(get('page')) || 1, (page) => put({ page: page > 1 ? String(page) : '' })];
}
