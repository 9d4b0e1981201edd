import { expect, it } from 'vitest';
import { changed, difference, hunks } from './difference';
import type { Series } from './insight';
import { libraryOf, sections } from './traceback';
import { inOrder, since } from './triage';

const series = (run: string, start_time: string, newly_failing: number, still_failing = 0, fixed = 0) =>
  ({ run, start_time, newly_failing, still_failing, fixed }) as Series;

it('shows first what needs eyes first', () => {
  const all = [
    series('good', '2026-01-05T00:00:00Z', 0),
    series('old', '2026-01-01T00:00:00Z', 1),
    series('still', '2026-01-04T00:00:00Z', 0, 9),
    series('new', '2026-01-03T00:00:00Z', 1, 0, 2),
  ];
  expect(inOrder(all).map((s) => s.run)).toEqual(['new', 'old', 'still', 'good']);
  expect(since(all, Date.parse('2026-01-02T00:00:00Z'))).toEqual({ builds: 3, failing: 1, fixed: 2 });
});

it('knows libraries from one’s own code', () => {
  expect(libraryOf('/usr/lib/python3.12/site-packages/requests/api.py')).toBe('requests');
  expect(libraryOf('/usr/lib/python3.12/json/decoder.py')).toBe('Python');
  expect(libraryOf('/app/node_modules/@playwright/test/index.js')).toBe('@playwright/test');
  expect(libraryOf('org.junit.Assert.fail')).toBe('org.junit');
  expect(libraryOf('tests/test_pay.py')).toBe('');
});

const folded = (text: string) => sections(text.split('\n')).map((s) => [s.from, s.to, s.library]);

it('folds the frames of libraries', () => {
  const short = `tests/a.py:3: in test
    pay()
/v/lib/python3.12/site-packages/requests/api.py:5: in get
    return go()
/v/lib/python3.12/site-packages/urllib3/pool.py:6: in go
    raise Timeout
E   Timeout: 30 s`;
  expect(folded(short)).toEqual([
    [0, 2, ''],
    [2, 6, 'requests, urllib3'],
    [6, 7, ''],
  ]);
  const long = `    def test():
>       pay()

tests/a.py:3:
_ _ _ _ _ _ _ _

    def get():
>       raise Timeout
E       Timeout: 30 s

/v/site-packages/requests/api.py:5: Timeout`;
  expect(folded(long)).toEqual([
    [0, 5, ''],
    [5, 8, 'requests'],
    [8, 9, ''],
    [9, 11, 'requests'],
  ]);
  const java = `java.lang.AssertionError: no
\tat org.junit.Assert.fail(Assert.java:89)
\tat java.base/java.util.List.of(List.java:1)
\tat com.acme.PayTest.pays(PayTest.java:12)`;
  expect(folded(java)).toEqual([
    [0, 1, ''],
    [1, 3, 'org.junit, Java'],
    [3, 4, ''],
  ]);
  expect(folded('only a message')).toEqual([[0, 1, '']]);
});

it('folds what is equal in a difference', () => {
  const a = Array.from({ length: 20 }, (_, i) => String(i));
  const b = a.map((l) => (l === '10' ? 'ten' : l));
  const found = hunks(difference(a.join('\n'), b.join('\n')));
  expect(found.map((h) => [h.fold, h.lines.length])).toEqual([
    [true, 7],
    [false, 8],
    [true, 6],
  ]);
  expect(hunks(difference('a\nb', 'a\nb'))).toEqual([{ fold: true, lines: [expect.anything(), expect.anything()] }]);
});

it('lists which metadata differ', () => {
  expect(
    changed(
      { a: 1, jenkins: { build: '1', job: 'j' }, tags: ['x'], run: 'p' },
      { jenkins: { build: '2', job: 'j' }, tags: ['x', 'y'], run: 'q' },
      /^run$/,
    ),
  ).toEqual([
    { path: 'a', before: '1', after: undefined },
    { path: 'jenkins.build', before: '1', after: '2' },
    { path: 'tags', before: 'x', after: 'x, y' },
  ]);
});
