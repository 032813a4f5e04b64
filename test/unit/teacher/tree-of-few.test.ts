import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { Quantiser, trainVocabulary } from '../../../src/main/engine/teacher/vocabulary.ts';

/** Descriptors of one value each. */
const flat = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((v) => Array.from({ length: 128 }, () => v)));

describe('a tree of words over descriptors of two kinds', () => {
  it('has a word for each kind, however rare one is and whichever descriptors it began from', () => {
    for (const at of [100, 101])
      for (let seed = 0; seed < 40; seed += 1) {
        const data = flat(Array.from({ length: 202 }, (_, i) => (i === at ? 250 : 10)));
        // Eight centres are asked for, and there are two descriptors that differ.
        const v = trainVocabulary(data, 8, seed);
        const words = new Quantiser(v).words(data);
        expect(v.words).toBe(2);
        expect(new Set(words.filter((_, i) => i !== at)).size).toBe(1);
        expect(words[at]).not.toBe(words[0]);
        const centres = [1, 2].map((node) => v.centres[128 * node]!).sort((x, y) => x - y);
        expect(centres).toEqual([10, 250]);
        expect([[...v.count], [...v.first]]).toEqual([
          [2, 0, 0],
          [1, 0, 0],
        ]);
      }
  });

  it('has one word where all descriptors are equal, at every depth', () => {
    for (const words of [4, 10, 100, 1000]) {
      const data = flat(Array.from({ length: 150 }, () => 7));
      const v = trainVocabulary(data, words, 1);
      expect(v.words).toBe(1);
      expect([...new Quantiser(v).words(data)]).toEqual(new Array(150).fill(0));
      // Whatever else is asked is that word, too: there is no other.
      expect([...new Quantiser(v).words(flat([0, 255]))]).toEqual([0, 0]);
    }
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

/** Lloyd's iterations as the book has them, in double precision. @returns centres, and in which round they came to rest. */
function lloyd(data: Uint8Array, k: number, seed: number): { centres: number[][]; rounds: number } {
  const rows = Array.from({ length: data.length / 128 }, (_, i) => [...data.subarray(128 * i, 128 * i + 128)]);
  const r = random(seed);
  // Starts are drawn without replacement, and none is another's equal.
  const left = rows.map((_, i) => i);
  let centres: number[][] = [];
  while (centres.length < k && left.length > 0) {
    const at = r.below(left.length);
    const drawn = rows[left[at]!]!;
    left[at] = left.at(-1)!;
    left.pop();
    if (!centres.some((c) => c.join() === drawn.join())) centres.push(drawn);
  }
  let label = rows.map(() => 0);
  for (let rounds = 1; ; rounds += 1) {
    const lengths = centres.map((c) => c.reduce((s, v) => s + v * v, 0) / 2);
    const next = rows.map((row) => {
      const scores = centres.map((c, i) => row.reduce((s, v, d) => s + v * c[d]!, -lengths[i]!));
      return scores.indexOf(Math.max(...scores));
    });
    const moved = next.filter((l, i) => l !== label[i]).length;
    const used = centres.map((_, c) => c).filter((c) => next.includes(c));
    centres = used.map((c) => {
      const own = rows.filter((_, i) => next[i] === c);
      return Array.from({ length: 128 }, (_, d) => own.reduce((s, row) => s + row[d]!, 0) / own.length);
    });
    label = next.map((l) => used.indexOf(l));
    if (moved <= rows.length / 200 || rounds === 8) return { centres, rounds };
  }
}

describe('the centres of one division', () => {
  it('are those of eight rounds at most, fewer where half a hundredth or less change sides', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 14; seed += 1) {
      const r = random(100 + seed);
      // The wider the lumps, the longer it takes.
      const [lumps, width] = [3 + (seed % 5), 30 + 40 * (seed % 4)];
      const base = Array.from({ length: lumps }, () => Array.from({ length: 128 }, () => r.below(250 - width)));
      const n = seed % 2 === 0 ? 400 : 397;
      // Every third is spread over a plane, where borders move for long.
      const data =
        seed % 3 === 0
          ? Uint8Array.from({ length: 128 * n }, (_, i) => (i % 128 < 2 ? r.below(256) : 7))
          : Uint8Array.from(
              Array.from({ length: n }, (_, i) => base[i % lumps]!.map((v) => v + r.below(width))).flat(),
            );
      const words = 5 + seed;
      const { centres, rounds } = lloyd(data, words, seed);
      seen.add(rounds);
      const v = trainVocabulary(data, words, seed);
      expect(v.words).toBe(centres.length);
      centres.forEach((c, i) => c.forEach((x, d) => expect(v.centres[128 * (1 + i) + d]).toBeCloseTo(x, 3)));
    }
    expect(seen.has(8)).toBe(true);
    expect(Math.min(...seen)).toBeLessThan(6);
  });
});
