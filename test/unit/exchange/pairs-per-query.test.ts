import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPairLists } from '../../../src/main/engine/exchange/pair-readers/retrieval-sfm.ts';
import { exportLibrary } from '../../../src/main/engine/exchange/exports/index.ts';
import { CandidateReader, DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

describe('a retrieval-SfM data set', () => {
  it.each([1, 2, 3])('has %i positives of a query, or all where there are fewer', async (pairsPerQuery) => {
    const library = await smallLibrary(join(folder, `library-${pairsPerQuery}`));
    const out = join(folder, `retrieval-SfM-${pairsPerQuery}`);
    const report = await exportLibrary(
      library,
      { format: 'retrieval-sfm', out, pairsPerQuery, photos: 'none' },
      silentContext(),
    );
    const { train } = readPairLists(report.files[0]!);
    const { training } = splitPlaces(library, 0);
    const reader = new CandidateReader(library, DEFAULT_MINING, (p) => training.has(p));
    const idOf = library.db.prepare('SELECT id FROM photo WHERE hash = ?').pluck();
    let clipped = 0;
    train.cids.forEach((cid, q) => {
      const open = reader.of(idOf.get(cid) as number).relaxed.length;
      const given = train.pidxs.filter((_, i) => train.qidxs[i] === q);
      expect(given.length).toBe(Math.min(pairsPerQuery, open));
      expect(new Set(given).size).toBe(given.length);
      if (open > pairsPerQuery) clipped += 1;
    });
    expect(clipped).toBeGreaterThan(10);
    library.close();
  });
});
