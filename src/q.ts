import { readdirSync, readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNetworkFile } from './main/engine/network/networks.ts';
import { edgeNetwork } from './main/engine/edges/edge-network.ts';
import { openDetector } from './main/engine/edges/detector.ts';
import { edgeMapsOf } from './main/engine/edges/edge-source.ts';
import { encodeEdgeMap, mirrorEdgeMap, type EdgeMap } from './main/engine/edges/edge-map.ts';
import { readDrawing, sketchMaps } from './main/engine/edges/sketch-files.ts';
import { describe, edgeInput } from './main/engine/edges/inputs.ts';
import { Runner } from './main/engine/network/runtime.ts';
import { existsSync } from 'node:fs';
const ROOT = '/work/shared/data/sketches/doodle2search_figures';
const sides = (process.argv[2] ?? '227').split(',').map(Number);
const nets = (process.argv[3] ?? 'resources/networks/mobilenet-v1-025-gem.onnx').split(',');
const detectors = (process.argv[4] ?? 'classical,/work/main/resources/edges/covis-edges.onnx').split(',');
type Item = { maps: EdgeMap[]; cls: string };
for (const det of detectors) {
  const d = await openDetector(det);
  const photos: Item[] = [];
  const sk: Item[] = [];
  let ms = 0;
  for (const set of readdirSync(ROOT))
    for (const c of readdirSync(join(ROOT, set))) {
      const dir = join(ROOT, set, c);
      sk.push({ cls: c, maps: await sketchMaps(await readDrawing(join(dir, 'sk.png')), sides) });
      for (const f of readdirSync(join(dir, 'ours'))) {
        const t = performance.now();
        photos.push({ cls: c, maps: await edgeMapsOf(d, join(dir, 'ours', f), sides) });
        ms += performance.now() - t;
      }
    }
  console.log(det, (ms / photos.length).toFixed(1), 'ms a photo');
  mkdirSync('/tmp/em', { recursive: true });
  for (const i of [0, 55, 120, 200])
    writeFileSync(`/tmp/em/${det.includes('/') ? 'l' : 'c'}${i}.png`, await encodeEdgeMap(photos[i]!.maps[0]!));
  for (const i of [0, 5, 12, 20]) writeFileSync(`/tmp/em/s${i}.png`, await encodeEdgeMap(sk[i]!.maps[0]!));
  for (const n of nets) {
    const { graph, spec } = readNetworkFile(n);
    const variants =
      spec.edges !== undefined
        ? ([['as is', graph]] as const)
        : (['mac', 'gem'] as const).flatMap((pooling) =>
            [10, 60, 255].map(
              (gain) =>
                [
                  `${pooling} gain ${gain}`,
                  edgeNetwork({ graph, spec }, { pooling, detector: d.id, filter: { gain } }).graph,
                ] as const,
            ),
          );
    for (const [name, g] of variants) {
      const runner = await Runner.create(g);
      const desc = async (maps: EdgeMap[], pad: number) =>
        (
          await describe(
            runner,
            maps.flatMap((m) => [edgeInput(m, pad), edgeInput(mirrorEdgeMap(m), pad)]),
          )
        ).slice();
      const P: Float32Array[] = [];
      for (const p of photos) P.push(await desc(p.maps, 30));
      let map = 0;
      let acc = 0;
      for (const s of sk) {
        const q = await desc(s.maps, 0);
        const scores = P.map((v, i) => ({ i, s: v.reduce((t, x, k) => t + x * q[k]!, 0) })).sort((a, b) => b.s - a.s);
        let hits = 0,
          ap = 0;
        const total = photos.filter((p) => p.cls === s.cls).length;
        scores.forEach(({ i }, r) => {
          if (photos[i]!.cls === s.cls) {
            hits++;
            ap += hits / (r + 1);
          }
        });
        map += ap / total;
        if (scores.slice(0, 10).some(({ i }) => photos[i]!.cls === s.cls)) acc++;
      }
      console.log(
        ' ',
        n.split('/').pop(),
        name,
        'mAP',
        (map / sk.length).toFixed(3),
        'in top 10:',
        acc,
        'of',
        sk.length,
      );
      await runner.release();
    }
  }
  await d.release();
}
