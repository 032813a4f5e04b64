/**
 * What a backbone is worth before any training: `node test/bench/backbones.ts LIBRARY... --networks tiny@320,resnet50-conv4@480`, of
 * libraries in which places were found and whose photos lie in a folder for each label. mAP by label in two protocols that are never mixed:
 * every photo asks all others, and new photos of known things ask all, off the shelf and whitened on the verified pairs of the known
 * part. Milliseconds a photo are those of a processor, all threads together, and of the network alone, on a photo of 4 to 3.
 */
import { parseArgs } from 'node:util';
import { chooseGuards } from '../../src/main/engine/adapt/guards.ts';
import { collectionStatistics } from '../../src/main/engine/adapt/statistics.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { ask, drawFold, type Described, type Geometry } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { select, text } from '../../src/main/engine/library/rows.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { loadNetwork, resolveNetwork } from '../../src/main/engine/network/networks.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract } from '../../src/main/engine/retrieval/extract.ts';
import { learnWhitening, whiten } from '../../src/main/engine/retrieval/whitening.ts';
import { partOf, splitOf } from '../../src/main/engine/training/known-part.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { networks: { type: 'string', default: 'embedded@320' }, repeats: { type: 'string', default: '9' } },
});
const task = silentContext();
const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

/** Labels in the place of places: photos of one scene's folder are relevant to each other, all others are not. */
function byLabel(library: Library, g: Geometry): Geometry {
  const nameOf = select(library.db, "SELECT scene_id || '/' || name FROM known_file WHERE photo_id = ? LIMIT 1", text);
  const labels = Array.from(g.ids, (id) => {
    const folders = nameOf.one(id).split('/').slice(0, -1);
    return folders.filter((f) => f !== 'images').join('/');
  });
  const numbers = new Map([...new Set(labels)].map((l, i) => [l, i]));
  const pairs = labels.flatMap((l, a) => labels.flatMap((m, b) => (a < b && l === m ? [[a, b] as const] : [])));
  return {
    ...g,
    group: Int32Array.from(labels, (l) => numbers.get(l)!),
    unknown: new Uint8Array(g.ids.length),
    a: Uint32Array.from(pairs, ([a]) => a),
    b: Uint32Array.from(pairs, ([, b]) => b),
    maybe: new Map(),
    unsure: new Map(),
  };
}

console.log('| library | network | px | dimensions | MB | ms a photo | all ask | new photos | whitened |');
console.log('|---|---|---|---|---|---|---|---|---|');
for (const path of positionals) {
  const library = Library.open(path);
  const g = libraryGeometry(library);
  const truth = byLabel(library, g);
  const everyone = Uint32Array.from(new Set([...truth.a, ...truth.b])).sort();
  const map = (asking: Uint32Array, x: Described): number => mean(ask(truth, asking, x).map((a) => a.ap));
  for (const named of values.networks.split(',')) {
    const [name = '', px = '320'] = named.split('@');
    const row = await resolveNetwork(library, name, 'embedded');
    const size = Number(px);
    const guards = chooseGuards(collectionStatistics(library, g), size);
    const mining = {
      ...DEFAULT_MINING,
      minShared: guards.minShared,
      minOverlap: guards.minOverlap,
      maxScale: guards.maxScale,
    };
    const set = await extract(library, row, size, task);
    const off: number[] = [];
    const white: number[] = [];
    for (let fold = 0; fold < guards.parts; fold += 1) {
      const drawing = { protocol: 'new-photos', parts: guards.parts, seed: 0 } as const;
      const { asking } = drawFold(g, drawing, fold);
      const { training } = splitOf(library, partOf(g, drawing, fold));
      off.push(...ask(truth, asking, described(g, set)).map((a) => a.ap));
      const { vectors, queries, positives } = whiteningSample(library, { training }, set, mining);
      if (queries.length === 0) continue;
      const learned = learnWhitening(vectors, queries, positives);
      const { data, dim } = whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, learned);
      white.push(...ask(truth, asking, described(g, { ids: set.ids, data, dim })).map((a) => a.ap));
    }
    const { graph } = loadNetwork(library, row);
    const runner = await Runner.create(graph);
    const repeats = Number(values.repeats);
    let spent = 0;
    for (let i = 0; i <= repeats; i += 1) {
      const data = Float32Array.from({ length: size * (size * 0.75) * 3 }, (_, k) => Math.sin(k + i));
      const before = process.cpuUsage();
      await runner.run({ image: { dims: [1, 3, size * 0.75, size], data } });
      const { user, system } = process.cpuUsage(before);
      // The first makes room.
      if (i > 0) spent += (user + system) / 1000;
    }
    await runner.release();
    const bytes = select(library.db, 'SELECT CAST(bytes AS TEXT) FROM network WHERE id = ?', text).one(row.id);
    const show = (x: readonly number[]): string => (x.length === 0 ? '' : mean(x).toFixed(3));
    console.log(
      `| ${path.split('/').at(-1)} | ${row.spec.name} | ${size} | ${row.spec.dim} | ${(Number(bytes) / 1e6).toFixed(1)} | ${(spent / repeats).toFixed(0)} | ${map(everyone, described(g, set)).toFixed(3)} | ${show(off)} | ${show(white)} |`,
    );
  }
  library.close();
}
