import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';
import { asked, describeFullDisk } from './full.ts';

const KIB = 1024;
const mining = { count: 2, queries: 12 };

/** Some photos of two places, on another disk. */
const photos = join(temporaryFolder(), 'photos');
mkdirSync(photos);
for (const place of ['arch', 'office_tower'])
  for (const f of readdirSync(join(SAMPLE, place, 'images')).slice(0, 4))
    cpSync(join(SAMPLE, place, 'images', f), join(photos, f));

describeFullDisk('a disk that is full as a job computes', [
  asked('import', 96 * KIB, () => ({ sources: [join(SAMPLE, 'obelisk')] })),
  asked('extract', 96 * KIB, () => ({ size: 96 })),
  asked('mine', 44 * KIB, () => ({ size: 64, seed: 3, mining })),
  asked('regions', 96 * KIB, () => ({ size: 64 })),
  asked('whiten', 96 * KIB, () => ({ size: 64 })),
  asked('map', 44 * KIB, () => ({ size: 64 })),
  asked('cluster', 200 * KIB, () => ({ photos, words: 64, reconstruct: false })),
  asked('train', 96 * KIB, () => ({ size: 64, epochs: 1, queriesPerEpoch: 4, batch: 2, mining: { count: 2 } })),
]);
