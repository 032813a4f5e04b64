/** Choosing photos that stand for all, against numpy's plain loop on the same descriptors. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kCenter } from '../../src/main/engine/collections/choose.ts';
import { Cosines } from '../../src/main/engine/collections/cosines.ts';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { CURVED, manifoldDescriptors } from './descriptors.ts';
import { line, median } from './report.ts';

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
}
