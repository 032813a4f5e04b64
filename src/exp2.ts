import { Library } from './main/engine/library/library.ts';
import { silentContext } from './main/engine/jobs/context.ts';
import { edgeNetworkOf } from './main/engine/edges/library-networks.ts';
import { DEFAULT_EDGE_TRAINING, train } from './main/engine/training/train.ts';
import { splitPlaces } from './main/engine/mining/split.ts';
import { geometryGroundTruth, meanAveragePrecision } from './main/engine/evaluation/geometry-protocol.ts';
import { InputMaker, singleScale, describe, edgeInput } from './main/engine/edges/inputs.ts';
import { binarise } from './main/engine/training/feed.ts';
import { dilate, thin, padStrokes } from './main/engine/edges/sketch.ts';
import { describePhotos, type DescriptorSet } from './main/engine/retrieval/extract.ts';
import { loadNetwork, type NetworkRow } from './main/engine/network/networks.ts';
import { Runner } from './main/engine/network/runtime.ts';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDrawing, sketchMaps } from './main/engine/edges/sketch-files.ts';
import { edgeMapsOf } from './main/engine/edges/edge-source.ts';
import { openDetector } from './main/engine/edges/detector.ts';
import { mirrorEdgeMap, type EdgeMap } from './main/engine/edges/edge-map.ts';
const task = silentContext();
const [lib, pooling, gain, lr, epochs, seedsText, loss = 'contrastive', margin = '0.7', tuples = '160'] =
  process.argv.slice(2) as string[];
const library = Library.open(lib!);
const ROOT = '/work/shared/data/sketches/doodle2search_figures';
const d = await openDetector(undefined);
const P: { cls: string; maps: EdgeMap[] }[] = [];
const S: typeof P = [];
for (const set of readdirSync(ROOT))
  for (const c of readdirSync(join(ROOT, set))) {
    const dir = join(ROOT, set, c);
    S.push({ cls: c, maps: await sketchMaps(await readDrawing(join(dir, 'sk.png')), [227]) });
    for (const f of readdirSync(join(dir, 'ours')))
      P.push({ cls: c, maps: await edgeMapsOf(d, join(dir, 'ours', f), [227]) });
  }
async function measure(network: NetworkRow, seed: number): Promise<string> {
  const n = loadNetwork(library, network);
  const runner = await Runner.create(n.graph);
  const maker = await InputMaker.create(singleScale(n.spec), 200, library);
  const truth = geometryGroundTruth(library, splitPlaces(library, seed));
  const data = new Float32Array(truth.database.length * n.spec.dim);
  const ids: number[] = [];
  await describePhotos(runner, maker, truth.database, task, (id, v) => {
    data.set(v, ids.length * n.spec.dim);
    ids.push(id);
  });
  const all: DescriptorSet = { ids: Uint32Array.from(ids), data, dim: n.spec.dim };
  const q = async (f: (m: EdgeMap) => EdgeMap): Promise<DescriptorSet> => {
    const out = new Float32Array(truth.queries.length * n.spec.dim);
    for (const [i, x] of truth.queries.entries())
      out.set(await describe(runner, [edgeInput(f((await maker.mapsOfPhoto(x.photo))[0]!), 0)]), i * n.spec.dim);
    return { ids: Uint32Array.from(truth.queries, (x) => x.photo), data: out, dim: n.spec.dim };
  };
  const bin = await q((m) => binarise(m, 0.15));
  const drawn = await q((m) => {
    const s = padStrokes(
      { width: m.width, height: m.height, data: Uint8Array.from(m.data, (v) => (v > 0.25 ? 1 : 0)) },
      4,
    );
    const t = dilate(thin(dilate(thin(s), 1)), 2);
    return { width: t.width, height: t.height, data: Float32Array.from(t.data) };
  });
  const maps = [
    meanAveragePrecision(truth, all),
    meanAveragePrecision(truth, all, bin),
    meanAveragePrecision(truth, all, drawn),
  ];
  const desc = async (m: EdgeMap[], pad: number) =>
    (
      await describe(
        runner,
        m.flatMap((x) => [edgeInput(x, pad), edgeInput(mirrorEdgeMap(x), pad)]),
      )
    ).slice();
  const pd: Float32Array[] = [];
  for (const p of P) pd.push(await desc(p.maps, 30));
  let map = 0;
  for (const s of S) {
    const v = await desc(s.maps, 0);
    const o = pd.map((x, i) => ({ i, s: x.reduce((t, y, k) => t + y * v[k]!, 0) })).sort((a, b) => b.s - a.s);
    let h = 0,
      ap = 0;
    const t = P.filter((p) => p.cls === s.cls).length;
    o.forEach(({ i }, r) => {
      if (P[i]!.cls === s.cls) {
        h++;
        ap += h / (r + 1);
      }
    });
    map += ap / t;
  }
  await runner.release();
  return `edges ${maps[0]!.toFixed(3)} binarised ${maps[1]!.toFixed(3)} drawn ${maps[2]!.toFixed(3)} | sketches ${(map / S.length).toFixed(3)}`;
}
const A = Library.open('/tmp/libs');
const { resolveNetwork } = await import('./main/engine/network/networks.ts');
for (const rate of lr!.split(',').map(Number))
  for (const e of epochs!.split(',').map(Number)) {
    const start = await edgeNetworkOf(A, undefined, { pooling: pooling as 'mac', filter: { gain: Number(gain) } });
    const r = await train(
      A,
      start,
      { ...DEFAULT_EDGE_TRAINING, learningRate: rate, epochs: e, seed: 0, queriesPerEpoch: Number(tuples) },
      task,
    );
    const n = await resolveNetwork(library, A.file('networks', `${r.network.uid}.onnx`), 'default');
    console.log(
      'trained on sample',
      rate,
      e,
      await measure(n, 0),
      r.network.uid,
      r.epochs.map((x) => `${x.loss.toFixed(3)}/${x.map?.toFixed(3)}`).join(' '),
    );
  }
