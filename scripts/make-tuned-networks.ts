/**
 * Makes the embedded networks that were trained by Covis: fine-tunes the embedded backbone on photos and on edge maps of the embedded
 * sample, and writes them to resources/networks/. Run with `npm run make-tuned-networks`; the results are committed.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edgeNetworkFrom } from '../src/main/engine/edges/library-networks.ts';
import { silentContext } from '../src/main/engine/queue/context.ts';
import { Library } from '../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../src/main/engine/network/networks.ts';
import { importSources } from '../src/main/engine/sfm/import.ts';
import { DEFAULT_EDGE_TRAINING, DEFAULT_TRAINING } from '../src/main/engine/training/presets.ts';
import { train } from '../src/main/engine/training/train.ts';

const RESOURCES = join(import.meta.dirname, '..', 'resources');
const EDGE_EPOCHS = 6;

const folder = mkdtempSync(join(tmpdir(), 'covis-tuned-'));
const library = Library.create(folder);
const task = silentContext();
try {
  await importSources(library, { sources: [join(RESOURCES, 'sample')] }, task);
  const say = (name: string, r: Awaited<ReturnType<typeof train>>): void =>
    console.log(name, r.epochs.map((e) => `loss ${e.loss.toFixed(3)}, mAP ${e.map?.toFixed(3)}`).join('; '));
  const photos = await train(library, ensureDefaultNetwork(library), DEFAULT_TRAINING, task);
  say('photos', photos);
  const edges = await train(
    library,
    await edgeNetworkFrom(library, undefined),
    { ...DEFAULT_EDGE_TRAINING, epochs: EDGE_EPOCHS },
    task,
  );
  say('edges', edges);
  for (const [uid, name] of [
    [photos.network.uid, 'mobilenet-v1-025-gem-tuned.onnx'],
    [edges.network.uid, 'mobilenet-v1-025-edges.onnx'],
  ] as const)
    copyFileSync(library.file('networks', `${uid}.onnx`), join(RESOURCES, 'networks', name));
} finally {
  library.close();
  rmSync(folder, { recursive: true, force: true });
}
