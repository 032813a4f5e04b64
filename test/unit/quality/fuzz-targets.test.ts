import { describe, expect, it } from 'vitest';
import { DRAWING_READERS } from '../../../src/main/engine/edges/drawing-readers/index.ts';
import { TRUTH_READERS } from '../../../src/main/engine/evaluation/truth-readers/index.ts';
import { PAIR_READERS } from '../../../src/main/engine/exchange/pair-readers/index.ts';
import { READABLE } from '../../../src/main/engine/library/photo-kinds.ts';
import { DESCRIPTOR_READERS } from '../../../src/main/engine/retrieval/descriptor-readers/index.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { allTargets } from '../../fuzz/targets/index.ts';

const targets = await allTargets();
const names = targets.map((t) => t.name);

describe('readers that are fuzzed', () => {
  const formats = (group: string, readers: readonly { readonly format: string }[]): string[] =>
    readers.map((r) => `${group}/${r.format}`);

  it.each([
    ['models', formats('models', MODEL_READERS)],
    ['pairs', formats('lists', PAIR_READERS)],
    ['ground truths', formats('truths', TRUTH_READERS)],
    ['descriptors', formats('descriptors', DESCRIPTOR_READERS)],
    ['drawings', formats('drawings', DRAWING_READERS)],
    ['photos', READABLE.map((kind) => `photos/${kind.toLowerCase()}`)],
  ])('are all readers of %s', (_, wanted) => {
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((w) => !names.includes(w))).toEqual([]);
  });

  it('have names of their own', () => {
    expect(new Set(names).size).toBe(names.length);
  });
});
