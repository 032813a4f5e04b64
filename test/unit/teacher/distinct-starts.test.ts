import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { Quantiser, trainVocabulary } from '../../../src/main/engine/teacher/vocabulary.ts';

const DIM = 128;

describe('a vocabulary', () => {
  it('has a word for each of a few descriptors, however often each is there', () => {
    const r = random(4);
    const kinds = Array.from({ length: 10 }, () => Uint8Array.from({ length: DIM }, () => r.below(256)));
    for (let seed = 0; seed < 10; seed += 1) {
      // One of them is nearly all.
      const which = Array.from({ length: 300 }, (_, i) => (i < 10 ? i : i % 7 === 0 ? r.below(10) : 3));
      const descriptors = new Uint8Array(which.length * DIM);
      which.forEach((k, i) => descriptors.set(kinds[k]!, i * DIM));
      const vocabulary = trainVocabulary(descriptors, 10, seed);
      expect(vocabulary.words).toBe(10);
      const words = new Quantiser(vocabulary).words(descriptors);
      which.forEach((k, i) => expect(words[i]).toBe(words[k]));
      expect(new Set(words).size).toBe(10);
    }
  });

  it('of descriptors that are all equal, or of one, is one word', () => {
    expect(trainVocabulary(new Uint8Array(50 * DIM).fill(7), 10, 1).words).toBe(1);
    expect(trainVocabulary(new Uint8Array(DIM).fill(7), 10, 1).words).toBe(1);
  });
});
