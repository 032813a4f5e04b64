import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';
import { asked, describeFullDisk } from './full.ts';

const KIB = 1024;
const mining = { count: 2, queries: 12 };
const training = { size: 64, epochs: 1, queriesPerEpoch: 4, batch: 2, mining: { count: 2 } };

/** Some photos of two places, on another disk. */
const photos = join(temporaryFolder(), 'photos');
mkdirSync(photos);
for (const place of ['arch', 'office_tower'])
  for (const f of readdirSync(join(SAMPLE, place, 'images')).slice(0, 4))
    cpSync(join(SAMPLE, place, 'images', f), join(photos, f));

/** Descriptors of another program. */
const names = readdirSync(join(SAMPLE, 'castle', 'images')).sort();
const vectors = { file: join(photos, '..', 'theirs.npy'), names };
const DIM = 4096;
writeNpy(
  vectors.file,
  Float32Array.from({ length: names.length * DIM }, (_, i) => Math.sin(1 + i)),
  [names.length, DIM],
);

describeFullDisk('a disk that is full as a job computes', [
  asked('import', 96 * KIB, () => ({ sources: [join(SAMPLE, 'obelisk')] })),
  asked('extract', 96 * KIB, () => ({ size: 96 })),
  asked('mine', 44 * KIB, () => ({ size: 64, seed: 3, mining })),
  asked('regions', 96 * KIB, () => ({ size: 64 })),
  asked('whiten', 96 * KIB, () => ({ size: 64 })),
  asked('map', 44 * KIB, () => ({ size: 64 })),
  asked('cluster', 200 * KIB, () => ({ photos, words: 64, reconstruct: false })),
  asked('evaluate', 44 * KIB, () => ({ size: 96 })),
  asked('measure', 44 * KIB, () => ({ size: 64, method: 'fsr', protocol: 'sfm-easy' })),
  asked('tradeoff', 44 * KIB, () => ({ size: 96 })),
  asked('teacher', 200 * KIB, () => ({ size: 64, words: 500 }), { places: ['castle', 'pagoda'] }),
  asked('vectors', 44 * KIB, () => vectors),
  asked('network', 96 * KIB, () => ({
    backbone: { file: join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem-tuned.onnx'), pooling: 'gem' },
  })),
  asked('ladder', 96 * KIB, () => ({ ...training, ladder: { poolings: ['mac'], seeds: 1 } })),
  asked('run', 96 * KIB, () => ({ ...training, sources: [join(SAMPLE, 'obelisk')] })),
  asked('train', 96 * KIB, () => training),
]);
