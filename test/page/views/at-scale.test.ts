import { describe, expect, it } from 'vitest';
import { VIEWS } from '../../../src/renderer/views/index.ts';
import { subjects } from '../../bench/studio-subjects.ts';

const HASH = '0123456789abcdef0123456789abcdef';
const all = subjects({ photo: HASH, cluster: HASH, collections: [HASH, HASH, HASH, HASH] });
const paths = (name: string): URL[] => (all[name] ?? []).map((s) => new URL(s.path, 'http://studio'));

/** What large-library.test.ts holds to few nodes and few bytes, and `npm run bench -- studio` times. */
describe('every view is looked at with a library of many photos', () => {
  it.each(VIEWS.map((v) => [v.name, v] as const))(
    '%s: itself, its pages and its entries of the palette',
    (name, view) => {
      const seen = paths(name);
      const root = view.path.replace(/\/:.*$/, '');
      expect(
        seen.filter((u) => u.pathname === root),
        `${root} in test/bench/studio-subjects.ts`,
      ).not.toEqual([]);
      for (const page of view.pages ?? []) {
        const at = new RegExp(`^${page.path.replace(/:\w+/g, '[^/]+')}$`);
        expect(
          seen.some((u) => at.test(u.pathname)),
          `${page.path} in test/bench/studio-subjects.ts`,
        ).toBe(true);
      }
      for (const { label, query } of view.palette ?? [])
        for (const [key, value] of Object.entries(query))
          expect(
            seen.some((u) => u.searchParams.get(key) === value),
            `“${label}”, ?${key}=${String(value)}, in test/bench/studio-subjects.ts`,
          ).toBe(true);
      for (const u of seen) expect(u.pathname === root || u.pathname.startsWith(`${root}/`)).toBe(true);
    },
  );

  it('names no view that is none, and each subject once', () => {
    const known = new Set(['start', ...VIEWS.map((v) => v.name)]);
    expect(Object.keys(all).filter((name) => !known.has(name))).toEqual([]);
    const names = Object.values(all).flatMap((of) => of.map((s) => s.name));
    expect(new Set(names).size).toBe(names.length);
  });
});
