import { join } from 'node:path';
import { openDetector } from '../../src/main/engine/edges/detector.ts';
import { edgeMapsOf } from '../../src/main/engine/edges/edge-source.ts';
import { describe, InputMaker, sidesOf } from '../../src/main/engine/inputs/inputs.ts';
import { storeNetwork } from '../../src/main/engine/network/networks.ts';
import { embeddedNetwork } from '../../src/main/engine/network/embedded.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { SearchSession } from '../../src/main/engine/search/session.ts';
import { listImages } from '../../src/main/engine/library/photos.ts';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { now } from '../../src/main/engine/library/library.ts';
import { setKey } from '../../src/main/engine/retrieval/vector-sets.ts';
import { syntheticLibrary } from '../support/synthetic-library.ts';
import { SAMPLE } from '../support/small-library.ts';
import { line, median, ms } from './report.ts';

const SIZE = 227;
const HOUSE = Buffer.from(
  JSON.stringify({
    drawing: [
      [
        [10, 10, 50, 90, 90, 10],
        [90, 40, 10, 40, 90, 90],
      ],
      [
        [42, 42, 58, 58],
        [90, 65, 65, 90],
      ],
    ],
  }),
);

/** Edge maps and descriptors of ten scales and mirror images, photos a second; searching 20,000 photos by drawing. */
export async function shapes(folder: string): Promise<void> {
  const { graph, spec } = embeddedNetwork('edges');
  const sides = sidesOf(spec.edges!, SIZE);
  const photos = listImages(join(SAMPLE, 'castle')).map((p) => join(SAMPLE, 'castle', p));
  const runner = await Runner.create(graph);
  const maker = await InputMaker.create(spec, SIZE);
  let at = 0;
  const next = (): string => photos[(at += 1) % photos.length]!;
  const whole = await median(async () => describe(runner, await maker.ofFile(next())), 24);
  for (const which of [undefined, 'classical']) {
    const detector = await openDetector(which);
    const edges = await median(() => edgeMapsOf(detector, next(), sides), 24);
    line(`edge maps at five scales, ${detector.name}`, `${ms(edges)}, ${(1 / edges).toFixed(1)} photos/s`, '-', null);
    if (which === undefined)
      line(
        'maps and ten descriptors',
        `${ms(whole)}, ${(1 / whole).toFixed(1)} photos/s`,
        `detector ${((100 * edges) / whole).toFixed(0)} %`,
        null,
      );
    await detector.release();
  }
  await runner.release();
  await maker.release();

  const { library } = syntheticLibrary(join(folder, 'drawings'), {
    photos: 20_000,
    clusters: 400,
    dim: 32,
    pairsPerPhoto: 4,
    seed: 1,
  });
  const row = storeNetwork(library, graph, spec, null);
  const hashes = library.db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[];
  const data = new Float32Array(hashes.length * spec.dim);
  for (let i = 0; i < data.length; i += 1) data[i] = Math.sin(i * 0.37 + (i % 977)) / Math.sqrt(spec.dim / 2);
  const base = library.file('descriptors', setKey(row, SIZE));
  writeNpy(`${base}.npy`, data, [hashes.length, spec.dim]);
  writeNpy(`${base}.ids.npy`, new Uint8Array(Buffer.from(hashes.join(''), 'hex')), [hashes.length, 16]);
  library.db
    .prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, ?, ?)')
    .run(row.id, SIZE, hashes.length, now());
  const session = new SearchSession(library);
  await session.search({ drawing: HOUSE, method: 'cosine', top: 200 });
  const search = await median(() => session.search({ drawing: HOUSE, method: 'cosine', top: 200 }), 15);
  line(`search by drawing in ${hashes.length} photos`, ms(search), 'asked for: 300 ms', 0.3 / search);
  await session.close();
  library.close();
}
