/**
 * Renders the embedded sample: a small world of sixteen places, each photographed from many sides, distances and in
 * many lights, with the exact COLMAP model beside the photos. Deterministic from --seed.
 *
 *   npm run make-sample -- [--seed 7] [--views 13] [--out resources/sample] [--only NAME]
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { PLACE_NAMES } from './sample/buildings.ts';
import { writeScene } from './sample/colmap-writer.ts';
import { shoot, type ShootOptions } from './sample/shoot.ts';

interface Task extends ShootOptions {
  readonly out: string;
}

const README = `# The sample

A generated world: ${PLACE_NAMES.length} places, each with rendered photos in images/ and their exact COLMAP model in sparse/0/.
Every photo, pose and point comes from scripts/make-sample.ts; no photograph and no one's work is in it.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '7' },
      views: { type: 'string', default: '13' },
      out: { type: 'string', default: join(import.meta.dirname, '..', 'resources', 'sample') },
      only: { type: 'string' },
    },
  });
  const task: Task = {
    seed: Number(values.seed),
    views: Number(values.views),
    pointsPerView: 120,
    quality: 78,
    out: values.out,
  };
  const queue = PLACE_NAMES.map((name, i) => ({ name, i })).filter(
    ({ name }) => values.only === undefined || name === values.only,
  );
  if (values.only === undefined) rmSync(task.out, { recursive: true, force: true });
  mkdirSync(task.out, { recursive: true });
  writeFileSync(join(task.out, 'README.md'), README);
  const total = queue.length;
  let done = 0;
  await Promise.all(
    [0, 1].map(async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await run(next.i, task);
        done += 1;
        console.log(`${done}/${total} ${next.name}`);
      }
    }),
  );
}

function run(index: number, task: Task): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { index, task } });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A renderer ended with ${code}`))));
  });
}

if (isMainThread) await main();
else {
  const { index, task } = workerData as { index: number; task: Task };
  writeScene(task.out, await shoot(index, task));
  parentPort?.postMessage('done');
}
