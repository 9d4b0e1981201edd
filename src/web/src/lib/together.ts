/** How many results one request changes: enough to be quick, few enough to show that it goes on. */
const most = 200;

/** together puts the results that get the same value into one request, and no more than the server takes. */
export function together(changes: { id: string; value: string }[]): { value: string; ids: string[] }[] {
  const by = new Map<string, string[]>();
  for (const { id, value } of changes) by.set(value, [...(by.get(value) ?? []), id]);
  return [...by].flatMap(([value, ids]) =>
    Array.from({ length: Math.ceil(ids.length / most) }, (_, i) => ({
      value,
      ids: ids.slice(i * most, (i + 1) * most),
    })),
  );
}
