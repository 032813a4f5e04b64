import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/programs.ts';
import { allTargets } from './targets/index.ts';
import { fuzz } from './watch.ts';

const MUTATIONS = 2000;
const targets = await allTargets();

describe.concurrent('damaged files', () => {
  // Those that take longest begin first.
  const inOrder = [...targets].sort((a, b) => (a.share ?? 1) - (b.share ?? 1));
  it.each(inOrder)('$name reads or refuses', async ({ name, share = 1 }) => {
    const report = await fuzz(name, {
      seed: 1,
      from: 0,
      to: MUTATIONS * share,
      out: join(ROOT, 'test-output', 'fuzz'),
    });
    expect(report.faults).toEqual([]);
    // Some are read and some refused: mutations that only one of them befalls test nothing.
    expect(report.read + report.refused).toBe(report.mutations);
    expect(report.read).toBeGreaterThan(0);
  });
});
