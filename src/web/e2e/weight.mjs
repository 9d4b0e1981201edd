// What a page weighs on the wire.

/** weigh lists what a tab has fetched of the built page, in kB as it was sent; the tab must have come with an empty cache. */
export async function weigh(tab) {
  const fetched = await tab.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((e) => ({
      name: new URL(e.name).pathname,
      bytes: e.encodedBodySize,
    })),
  );
  const of = (kind) =>
    fetched
      .filter((f) => f.name.endsWith(kind))
      .map((f) => ({ name: f.name.split('/').at(-1), kB: f.bytes / 1000 }))
      .sort((a, b) => b.kB - a.kB);
  return { script: of('.js'), style: of('.css'), font: of('.woff2') };
}

/** kB is what a list of files weighs together. */
export const kB = (files) => files.reduce((sum, f) => sum + f.kB, 0);
