import { describe, expect, it } from 'vitest';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { Quantiser, trainVocabulary } from '../../../src/main/engine/teacher/vocabulary.ts';

/** Descriptors of one value each. */
const flat = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((v) => Array.from({ length: 128 }, () => v)));

describe('a tree of words over descriptors of two kinds', () => {
  it('has two words at most, whichever the descriptors it began from, and tells the kinds apart', () => {
    let two = 0;
    for (const at of [100, 101])
      for (let seed = 0; seed < 120; seed += 1) {
        const data = flat(Array.from({ length: 202 }, (_, i) => (i === at ? 250 : 10)));
        // Eight centres are begun from, most of them the same.
        const v = trainVocabulary(data, 8, seed);
        const words = new Quantiser(v).words(data);
        const others = words.filter((_, i) => i !== at);
        expect(new Set(others).size).toBe(1);
        const told = words[at] !== others[0];
        expect(v.words).toBe(told ? 2 : 1);
        if (told) {
          two += 1;
          const centres = [1, 2].map((node) => v.centres[128 * node]!).sort((a, b) => a - b);
          expect(centres).toEqual([10, 250]);
          expect([...v.count]).toEqual([2, 0, 0]);
          expect([...v.first]).toEqual([1, 0, 0]);
        } else expect(v.centres[128]).toBeCloseTo((201 * 10 + 250) / 202, 4);
      }
    expect(two).toBeGreaterThan(3);
  });

  it('moves its centres until hardly a descriptor changes sides', () => {
    // On a line, whichever two descriptors are begun from, the halves end around their own means.
    const line = Array.from({ length: 40 }, (_, i) => (i < 20 ? i : 200 + i - 20));
    for (let seed = 0; seed < 20; seed += 1) {
      const v = trainVocabulary(flat(line), 2, seed);
      if (v.words < 2) continue;
      const centres = [1, 2].map((node) => v.centres[128 * node]!).sort((a, b) => a - b);
      expect(centres).toEqual([9.5, 209.5]);
    }
  });

  it('stops where it is asked to, before each division, and tells how far it is', () => {
    const data = flat(Array.from({ length: 64 }, (_, i) => 4 * i));
    const said: string[] = [];
    let left = Infinity;
    const task: TaskContext = {
      ...silentContext(),
      step: (name, total, unit) => said.push(`${name} ${total} ${unit}`),
      progress: (done) => said.push(String(done)),
      check: () => {
        if ((left -= 1) < 0) throw cancelled();
      },
    };
    // Depth 2, branches 8.
    const v = trainVocabulary(data, 64, 1, task);
    expect(said[0]).toBe('Training the vocabulary 128 descriptors');
    expect(said[1]).toBe('64');
    const divided = [...v.count].filter((c) => c > 0).length;
    expect(divided).toBeGreaterThan(2);
    const done = said.slice(1).map(Number);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.length).toBe(divided);
    for (const after of [0, 1, divided - 1]) {
      left = after;
      expect(() => trainVocabulary(data, 64, 1, task)).toThrow('Cancelled');
    }
    left = divided;
    expect(trainVocabulary(data, 64, 1, task)).toEqual(v);
  });
});
