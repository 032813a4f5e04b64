/**
 * Poolings that need no training, on a library of hard photos: exponents of GeM, and those of SuperGlobal (Shao et al., ICCV 2023): regional GeM,
 * where each place takes half of what lies around it, and scale GeM, which pools the descriptors of several sizes. New photos of known places, plain
 * and whitened on the known part of each fold, by geometry and by label.
 * `node test/bench/poolings.ts LIBRARY [--network tiny] [--size 160] [--folds 3]`, of a library in which places were found and whose files lie in a
 * folder for each label.
 */
import { parseArgs } from 'node:util';
import { foldParameters } from '../../src/main/engine/adapt/candidates.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, drawFold } from '../../src/main/engine/evaluation/protocols.ts';
import { PhotoSource } from '../../src/main/engine/inputs/photo-source.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { presentPhotos } from '../../src/main/engine/library/photos.ts';
import { resolveNetwork } from '../../src/main/engine/network/networks.ts';
import type { DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { FeatureRunner } from '../../src/main/engine/retrieval/feature-maps.ts';
import { exponentOf, type FeatureMap } from '../../src/main/engine/retrieval/regions.ts';
import { learnWhitening, whiten } from '../../src/main/engine/retrieval/whitening.ts';
import { splitOf } from '../../src/main/engine/training/known-part.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';
import { byLabel } from './by-label.ts';
import { trialOf } from './recipe-trial.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: 'string', default: 'tiny' },
    size: { type: 'string', default: '160' },
    folds: { type: 'string', default: '3' },
  },
});
const [path] = positionals;
if (path === undefined) throw new Error('Name a library: node test/bench/poolings.ts LIBRARY');
const SIZES = [Math.SQRT1_2, 1, Math.SQRT2] as const;
/** Regional GeM: side of what lies around a place, and its exponent. Scale GeM: exponent over sizes. */
const REGIONAL = { side: 5, p: 2.5 } as const;
const OF_SIZES = 10;

function unit(v: Float32Array): Float32Array {
  const length = Math.hypot(...v);
  return length === 0 ? v : v.map((x) => x / length);
}

/** A generalised mean of each channel, of unit length. */
function gem({ channels, width, height, data }: FeatureMap, p: number): Float32Array {
  const places = width * height;
  return unit(
    Float32Array.from({ length: channels }, (_, c) => {
      let sum = 0;
      for (let i = c * places; i < (c + 1) * places; i += 1) sum += Math.max(data[i]!, 1e-6) ** p;
      return (sum / places) ** (1 / p);
    }),
  );
}

/** Half of each place and half of the generalised mean around it; borders are mirrored. */
function regional(map: FeatureMap): FeatureMap {
  const { channels, width, height, data } = map;
  const reach = (REGIONAL.side - 1) / 2;
  const mirrored = (i: number, n: number): number => {
    if (n === 1) return 0;
    const at = Math.abs(i) % (2 * n - 2);
    return at < n ? at : 2 * n - 2 - at;
  };
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c += 1)
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1) {
        let sum = 0;
        for (let v = -reach; v <= reach; v += 1)
          for (let u = -reach; u <= reach; u += 1)
            sum +=
              Math.max(data[(c * height + mirrored(y + v, height)) * width + mirrored(x + u, width)]!, 0) ** REGIONAL.p;
        const i = (c * height + y) * width + x;
        out[i] = 0.5 * (sum / REGIONAL.side ** 2) ** (1 / REGIONAL.p) + 0.5 * data[i]!;
      }
  return { ...map, data: out };
}

/** Unit descriptors of several sizes as one: their mean, or their generalised mean above the least number of each. */
function overSizes(of: readonly Float32Array[], p: number): Float32Array {
  const dim = of[0]!.length;
  const least = Math.min(...of.map((v) => v.reduce((a, b) => Math.min(a, b))));
  return unit(
    Float32Array.from({ length: dim }, (_, i) => {
      const mean = of.reduce((sum, v) => sum + (v[i]! - least) ** p, 0) / of.length;
      return mean ** (1 / p) + least;
    }),
  );
}

const library = Library.open(path);
const g = libraryGeometry(library);
const truth = byLabel(library, g);
const network = await resolveNetwork(library, values.network, 'embedded');
const size = Number(values.size);
const folds = Number(values.folds);
const runner = await FeatureRunner.create(library, network);
const own = exponentOf(runner.pooling, 0);
const ROWS: readonly (readonly [string, (maps: readonly FeatureMap[]) => Float32Array])[] = [
  [`GeM, ${own.toFixed(2)} as learned`, (m) => gem(m[1]!, own)],
  ...[4.6, 6.5, 10].map((p) => [`GeM, ${p}`, (m: readonly FeatureMap[]) => gem(m[1]!, p)] as const),
  ['regional GeM', (m) => gem(regional(m[1]!), own)],
  [
    'three sizes, mean',
    (m) =>
      overSizes(
        m.map((one) => gem(one, own)),
        1,
      ),
  ],
  [
    'three sizes, scale GeM',
    (m) =>
      overSizes(
        m.map((one) => gem(one, own)),
        OF_SIZES,
      ),
  ],
  [
    'GeM 4.6, regional, scale GeM',
    (m) =>
      overSizes(
        m.map((one) => gem(regional(one), 4.6)),
        OF_SIZES,
      ),
  ],
];
const photos = presentPhotos(library);
const sources = SIZES.map((s) => new PhotoSource(library, Math.round(size * s)));
const vectors = ROWS.map((): Float32Array[] => []);
for (const photo of photos) {
  const maps: FeatureMap[] = [];
  for (const source of sources) maps.push(await runner.run(await source.get(photo.id)));
  ROWS.forEach(([, pooled], r) => vectors[r]!.push(pooled(maps)));
}
await runner.release();

const ids = Uint32Array.from(photos, (p) => p.id);
const drawing = trialOf(library, g, network, 'today', { size, folds, seed: 0 }).drawing;
type Asked = { query: number; value: number; place: number; fold: number; weight?: number };
function asked(set: (fold: number) => DescriptorSet, of: typeof g): Asked[] {
  return Array.from({ length: folds }, (_, fold) => {
    const { asking } = drawFold(g, drawing, fold);
    return ask(of, asking, described(g, set(fold))).map((a) => ({
      query: a.query,
      value: a.ap,
      place: of.group[a.query]!,
      fold,
      ...(a.weight === undefined ? {} : { weight: a.weight }),
    }));
  }).flat();
}
const shown = (d: ReturnType<typeof overPlaces>): string =>
  `${d.mean < 0 ? '' : '+'}${d.mean.toFixed(3)} [${(d.low ?? d.mean).toFixed(3)}, ${(d.high ?? d.mean).toFixed(3)}]`;
const made = Array.from({ length: folds }, (_, k) =>
  foldParameters(trialOf(library, g, network, 'today', { size, folds, seed: 0 }), g, k, `poolings · ${k}`),
);
console.log(`${photos.length} photos, ${network.spec.name}, ${size} px, ${folds} folds\n`);
console.log('| pooling | by geometry | difference | by label | whitened | difference | by label |');
console.log(`|${'---|'.repeat(7)}`);
let first: { plain: Asked[]; whitened: Asked[] } | undefined;
for (const [r, [name]] of ROWS.entries()) {
  const dim = vectors[r]![0]!.length;
  const data = new Float32Array(photos.length * dim);
  vectors[r]!.forEach((v, i) => data.set(v, i * dim));
  const set: DescriptorSet = { ids, data, dim };
  const whitenedOf = made.map((m): DescriptorSet => {
    const sample = whiteningSample(library, splitOf(library, m.learn!), set, m.mining);
    const w = learnWhitening(sample.vectors, sample.queries, sample.positives);
    const x = whiten({ data, rows: photos.length, dim }, w);
    return { ids, data: x.data, dim: x.dim };
  });
  const plain = asked(() => set, g);
  const whitened = asked((fold) => whitenedOf[fold]!, g);
  const against = (of: Asked[], before: Asked[] | undefined): string => {
    if (before === undefined) return '';
    const known = new Map(before.map((a) => [`${a.fold} ${a.query}`, a.value]));
    return shown(overPlaces(of.map((a) => ({ ...a, value: a.value - known.get(`${a.fold} ${a.query}`)! }))));
  };
  const mean = (of: Asked[]): string => overPlaces(of).mean.toFixed(3);
  console.log(
    `| ${name} | ${mean(plain)} | ${against(plain, first?.plain)} | ${mean(asked(() => set, truth))} | ${mean(whitened)} | ${against(whitened, first?.whitened)} | ${mean(asked((fold) => whitenedOf[fold]!, truth))} |`,
  );
  first ??= { plain, whitened };
}
library.close();
