import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decide, judgements } from '../../../src/main/engine/mining/decisions.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();

describe('a photo of no model', () => {
  it('that shows the object of a place is foreign to none of its photos, though nothing else was said', () => {
    const { library } = syntheticLibrary(join(folder, 'library'), {
      photos: 30,
      clusters: 3,
      dim: 4,
      pairsPerPhoto: 4,
      distractors: 6,
      seed: 1,
    });
    const [inPlace, sibling, elsewhere, loose, other] = [1, 2, 15, 31, 32];
    const plain = separation(library, judgements(library));
    expect([plain.foreign(sibling, loose), plain.joined(sibling, loose), plain.groups]).toEqual([true, false, 4]);
    decide(library, 'x', [{ query: loose, other: inPlace, aspect: 'negative', verdict: 'same-object' }]);
    const s = separation(library, judgements(library));
    expect([s.foreign(sibling, loose), s.foreign(loose, sibling), s.joined(sibling, loose)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([s.foreign(elsewhere, loose), s.foreign(sibling, other), s.joined(sibling, other)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([s.groupOf(inPlace) === s.groupOf(sibling), s.groupOf(loose) === s.groupOf(sibling), s.groups]).toEqual([
      true,
      false,
      4,
    ]);
    library.close();
  });

  it('or of a model that is joined with another makes one group of two places', () => {
    const { library } = syntheticLibrary(join(folder, 'joined'), {
      photos: 30,
      clusters: 3,
      dim: 4,
      pairsPerPhoto: 4,
      seed: 1,
    });
    decide(library, 'x', [{ query: 25, other: 1, aspect: 'negative', verdict: 'same-object' }]);
    const s = separation(library, judgements(library));
    expect([s.groups, s.groupOf(25), s.groupOf(12) === s.groupOf(1)]).toEqual([2, s.groupOf(1), false]);
    expect([s.joined(2, 24), s.foreign(2, 24), s.foreign(2, 12)]).toEqual([true, false, true]);
    library.close();
  });
});
