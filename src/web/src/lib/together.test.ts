import { describe, expect, it } from 'vitest';
import { together } from './together';

describe('changes of many results', () => {
  it('go together where the value is the same, in pieces that the server takes', () => {
    const many = Array.from({ length: 450 }, (_, i) => ({ id: `a${i}`, value: 'product_failure' }));
    const sent = together([...many, { id: 'b', value: '' }]);
    expect(sent.map((s) => [s.value, s.ids.length])).toEqual([
      ['product_failure', 200],
      ['product_failure', 200],
      ['product_failure', 50],
      ['', 1],
    ]);
    expect(new Set(sent.flatMap((s) => s.ids)).size).toBe(451);
  });
  it('are none where nothing changes', () => expect(together([])).toEqual([]));
});
