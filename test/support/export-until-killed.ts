/** Exports invented photos in a process of its own. It kills itself, or waits, once so many are placed. */
import type { CollectionExportOptions } from '../../src/main/engine/collections/exports/index.ts';
import { exportCollection } from '../../src/main/engine/collections/exports/index.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { inventedMaterial } from './collections.ts';

const [photos, options, stop, how] = process.argv.slice(2) as [string, string, string, 'kill' | 'wait'];
const names = Array.from({ length: 40 }, (_, i) => `${i}.jpg`);
const material = await inventedMaterial(photos, { names });
let steps = 0;
await exportCollection(material, JSON.parse(options) as CollectionExportOptions, {
  ...silentContext(),
  progress: () => {
    steps += 1;
    if (steps !== Number(stop)) return;
    if (how === 'kill') process.kill(process.pid, 'SIGKILL');
    process.stdout.write('waiting\n');
    // Nothing else is done meanwhile, as in a program that the system has stopped.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
