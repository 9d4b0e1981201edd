import { describe, expect, it } from 'vitest';
import { isID, marked, pagesFor, pagesOf, places } from './found';

describe('what was found', () => {
  it('is every second part', () => {
    expect(marked('waited 30 s', [[0, 6], [7, 9]])).toEqual(['', 'waited', ' ', '30', ' s']); // prettier-ignore
    expect(marked('plain', [])).toEqual(['plain']);
  });
  it('is passed over where it lies outside or over another', () => {
    expect(marked('abcd', [[1, 3], [2, 4], [3, 9], [2, 2]])).toEqual(['a', 'bc', 'd']); // prettier-ignore
  });
  it('has each word of the query, whatever its case', () => {
    expect(places('Test_Cards pays cards', 'CARDS pays')).toEqual([[5, 10], [11, 15], [16, 21]]); // prettier-ignore
    expect(places('İstanbul', 'stan')).toEqual([]);
  });
});

describe('pages', () => {
  const pages = pagesOf('/project/1', false);
  it('are found by any word about them, by name first', () => {
    expect(pagesFor('run', pages)[0]?.to).toBe('/project/1/runs');
    expect(pagesFor('junit curl', pages).map((p) => p.name)).toEqual(['Push results']);
  });
  it('of administration are for administrators', () => {
    expect(pagesFor('audit', pages)).toEqual([]);
    expect(pagesFor('audit', pagesOf('', true)).map((p) => p.to)).toEqual(['/admin/audit']);
  });
});

describe('a pasted id', () => {
  it('is known by its form', () => {
    expect(isID(' 0f8fad5b-d9cb-469f-a165-70867728950e ')).toBe(true);
    expect(isID('0f8fad5b')).toBe(false);
  });
});
