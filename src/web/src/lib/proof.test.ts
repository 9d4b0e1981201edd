import { expect, test } from 'vitest';
import { challengeOf, newProof, sha256 } from './proof';

test('the challenge of the example in RFC 7636', () => {
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  );
});

test('hashes of every length around the edges of a block', async () => {
  for (let n = 0; n < 200; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 7 + n) & 255);
    expect([...sha256(bytes)]).toEqual([...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]);
  }
});

test('no two proofs are alike', () => {
  const [a, b] = [newProof(), newProof()];
  expect(a.verifier).toMatch(/^[\w-]{43}$/);
  expect(a.challenge).toMatch(/^[\w-]{43}$/);
  expect(a.verifier).not.toBe(b.verifier);
});
