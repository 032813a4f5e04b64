/** Choosing photos that stand for all, against numpy's plain loop on the same descriptors; rules on as many photos. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { answerRule } from '../../src/main/engine/collections/rules.ts';
import { addPhotos } from '../../src/main/engine/collections/gather.ts';
import { createCollection } from '../../src/main/engine/collections/store.ts';
import { kCenter } from '../../src/main/engine/collections/choose.ts';
import { Cosines } from '../../src/main/engine/retrieval/cosines.ts';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { CURVED, manifoldDescriptors } from './descriptors.ts';
import { syntheticLibrary } from '../support/synthetic-library.ts';
import { line, median } from './report.ts';
import type { Rule } from '../../src/shared/facts/collection-rules.ts';

const ROWS = 100_000;
const DIM = 256;
const CHOSEN = 1000;

/** @param folder scratch. */
export async function collections(folder: string): Promise<void> {
  const x = manifoldDescriptors(ROWS, DIM, 20, 1, CURVED);
  writeNpy(join(folder, 'x.npy'), x.data, [ROWS, DIM]);
  let rows: readonly number[] = [];
  let bytes = 0;
  const seconds = await median(async () => {
    const before = process.memoryUsage().rss;
    const cosines = await Cosines.create(x);
    ({ rows } = kCenter(x, cosines, { n: CHOSEN, keep: [0], task: silentContext() }));
    bytes = Math.max(bytes, process.memoryUsage().rss, before);
  }, 3);
  writeNpy(join(folder, 'chosen.npy'), Int32Array.from(rows), [rows.length]);
  const python = process.env['COVIS_PYTHON'] ?? '/usr/bin/python3';
  const baseline = spawnSync(python, [join(import.meta.dirname, 'collections_baseline.py'), folder], {
    encoding: 'utf8',
  });
  const b = JSON.parse(baseline.stdout.trim() || '{}') as { seconds?: number; same?: number };
  if (baseline.status !== 0)
    console.log(`baseline: ${baseline.stderr.trim().split('\n').at(-1)} (apt-get install -y python3-numpy)`);
  line(
    `k-center, ${CHOSEN} of ${ROWS} x ${DIM}`,
    `${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(0)} MB in all`,
    b.seconds === undefined ? 'numpy missing' : `numpy's plain loop ${b.seconds.toFixed(1)} s`,
    b.seconds === undefined ? null : b.seconds / seconds,
  );
  if (b.same !== undefined) console.log(`  the first ${b.same} choices are the same`);
  await rules(join(folder, 'rules'));
}

/** A rule of seven conditions, two of them of likeness, on as many photos as a collection may have. */
async function rules(folder: string): Promise<void> {
  const { library, network } = syntheticLibrary(folder, {
    photos: ROWS,
    clusters: 500,
    dim: DIM,
    pairsPerPhoto: 1,
    seed: 1,
  });
  const hash = library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck();
  const positive = Array.from({ length: 20 }, (_, i) => hash.get(1 + 7 * i) as string);
  library.transaction(() => {
    library.db.prepare('UPDATE photo SET taken = id * 3600, latitude = id % 90, longitude = id % 180').run();
    library.db.prepare('INSERT INTO photo_quality SELECT id, 1, id % 97, 0.5, 0, 0, 7, 20, 0 FROM photo').run();
  });
  const { uid } = createCollection(library, 'Half').collection;
  addPhotos(
    library,
    uid,
    Array.from({ length: ROWS / 2 }, (_, i) => ({ photo: 2 * i + 1 })),
  );
  const set = `${network.uid}-320`;
  const rule: Rule = {
    is: 'all',
    of: [
      { is: 'any', of: [
        { is: 'like', exemplars: { positive }, set, method: 'best', top: 20_000 },
        { is: 'like', exemplars: { positive }, set, method: 'mean', least: 0.3 },
      ] },
      { is: 'quality', field: 'sharpness', from: 20 },
      { is: 'name', pattern: '*7*.JPG' },
      { is: 'not', of: { is: 'in', collection: uid } },
      { is: 'taken', from: '1971', to: '1980' },
      { is: 'box', south: 0, north: 80, west: -10, east: 120 },
    ],
  }; // prettier-ignore
  let found = 0;
  const began = performance.now();
  await answerRule(library, rule);
  const first = (performance.now() - began) / 1000;
  const seconds = await median(async () => {
    found = (await answerRule(library, rule)).photos.length;
  }, 5);
  line(
    `smart rule on ${ROWS} photos`,
    `${seconds.toFixed(2)} s, ${found} photos`,
    'the limit asked for is 1 s',
    1 / seconds,
  );
  console.log(`  the first time, with its descriptors read: ${first.toFixed(2)} s`);
  library.close();
}
