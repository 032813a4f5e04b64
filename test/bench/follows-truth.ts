/**
 * Does the measure that geometry gives follow the truth? Over networks good and bad, mAP of held-out photos by geometry beside mAP of the same
 * photos by label, and Spearman's correlation of the two. `node test/bench/follows-truth.ts LIBRARY [--size 160] [--tuples 60]`, of a
 * library in which places were found and whose files lie in a folder for each label; networks are made in the library, as experiments. `--out FILE`
 * keeps a line of JSON a network.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chooseGuards } from '../../src/main/engine/adapt/guards.ts';
import { collectionStatistics } from '../../src/main/engine/adapt/statistics.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, drawFold, meanOfAnswers, type Described } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { ensureDefaultNetwork, loadNetwork, resolveNetwork } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract, type DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { learnPca, learnWhitening, whiten, type Whitening } from '../../src/main/engine/retrieval/whitening.ts';
import { partOf, splitOf } from '../../src/main/engine/training/known-part.ts';
import { trained } from '../../src/main/engine/training/ladder.ts';
import { DEFAULT_TRAINING, defaultMargin } from '../../src/main/engine/training/presets.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';
import type { TrainingParameters } from '../../src/shared/domain.ts';
import { byLabel } from './by-label.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '160' },
    tuples: { type: 'string', default: '60' },
    network: { type: 'string' },
    out: { type: 'string' },
  },
});
const [path] = positionals;
if (path === undefined) throw new Error('Name a library: node test/bench/follows-truth.ts LIBRARY');
const size = Number(values.size);

/** Ranks from 1, the mean rank of equal values. */
function ranksOf(x: readonly number[]): number[] {
  const order = x.map((v, i) => [v, i] as const).sort(([a], [b]) => a - b);
  const out = new Array<number>(x.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && order[j]![0] === order[i]![0]) j += 1;
    for (let k = i; k < j; k += 1) out[order[k]![1]] = (i + j + 1) / 2;
    i = j;
  }
  return out;
}

/** Spearman's correlation: Pearson's of the ranks. */
function spearman(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [ranksOf(x), ranksOf(y)];
  const m = (x.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  a.forEach((v, i) => {
    xy += (v - m) * (b[i]! - m);
    xx += (v - m) ** 2;
    yy += (b[i]! - m) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}

const library = Library.open(path);
const task = silentContext();
const g = libraryGeometry(library);
const start =
  values.network === undefined
    ? ensureDefaultNetwork(library)
    : await resolveNetwork(library, values.network, 'embedded');
const guards = chooseGuards(collectionStatistics(library, g), size);
const drawing = { protocol: 'new-photos', parts: guards.parts, seed: 0 } as const;
const fold = drawFold(g, drawing, 0);
const part = partOf(g, drawing, 0);
const { training } = splitOf(library, part);

/** The same photos by label: those of its folder are right, all others wrong. */
const truthByLabel = byLabel(library, g);
const { sure: _, ...plain } = g;
/** The measure with its weights, with those of the answers to a photo alone, and without any. */
interface Row {
  readonly name: string;
  readonly measure: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly within: number;
  readonly plain: number;
  readonly truth: number;
}
const rows: Row[] = [];
const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
function note(name: string, x: Described): void {
  const answers = ask(g, fold.asking, x);
  const measured = overPlaces(
    answers.map((a) => ({ value: a.ap, place: g.group[a.query]!, fold: 0, weight: a.weight })),
  );
  const row: Row = {
    name,
    measure: measured.mean,
    low: measured.low,
    high: measured.high,
    within: mean(answers.map((a) => a.ap)),
    plain: meanOfAnswers(ask(plain, fold.asking, x))!,
    truth: meanOfAnswers(ask(truthByLabel, fold.asking, x))!,
  };
  rows.push(row);
  if (values.out !== undefined) appendFileSync(values.out, `${JSON.stringify(row)}\n`);
  const interval = `[${row.low?.toFixed(3) ?? ''}, ${row.high?.toFixed(3) ?? ''}]`;
  console.log(
    `| ${name} | ${row.measure.toFixed(3)} ${interval} | ${row.plain.toFixed(3)} | ${row.truth.toFixed(3)} |`,
  );
}
const mining = {
  ...DEFAULT_MINING,
  minShared: guards.minShared,
  minOverlap: guards.minOverlap,
  maxScale: guards.maxScale,
};
const by = (set: DescriptorSet, w: Whitening): DescriptorSet => {
  const { data, dim } = whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, w);
  return { ids: set.ids, data, dim };
};
function noteAll(name: string, set: DescriptorSet): void {
  const { vectors, queries, positives } = whiteningSample(library, { training }, set, mining);
  note(name, described(g, set));
  note(`${name}, whitened`, described(g, by(set, learnWhitening(vectors, queries, positives))));
  const r = random(7);
  const wrong = positives.map(() => r.below(vectors.rows));
  note(`${name}, whitened by wrong pairs`, described(g, by(set, learnWhitening(vectors, queries, wrong))));
  note(`${name}, PCA`, described(g, by(set, learnPca(vectors))));
}

console.log(
  `${g.ids.length} photos of ${new Set(truthByLabel.group).size} labels, ${fold.asking.length} held-out photos ask; ${start.spec.name}, ${size} px`,
);
console.log(
  '| network | mAP by geometry, new photos | without weights | mAP by label, the same photos |\n|---|---|---|---|',
);
noteAll('as it was', await extract(library, start, size, task));
const margin = defaultMargin(loadNetwork(library, start).graph, DEFAULT_TRAINING.loss);
for (const [learningRate, epochs] of [
  [1e-6, 1],
  [1e-5, 2],
  [3e-5, 2],
  [1e-4, 2],
  [1e-3, 1],
  [1e-2, 1],
] as const) {
  const parameters: TrainingParameters = {
    ...DEFAULT_TRAINING,
    name: `follows · ${learningRate} · ${epochs}`,
    experiment: true,
    epochs,
    learningRate,
    queriesPerEpoch: Number(values.tuples),
    size,
    margin,
    mining,
    learn: part,
  };
  try {
    const network = await trained(library, start, parameters, task);
    noteAll(`rate ${learningRate}, ${epochs} epochs`, await extract(library, network, size, task));
  } catch (error) {
    console.log(`| rate ${learningRate} | failed: ${error instanceof Error ? error.message : String(error)} | |`);
  }
}
const truth = rows.map((r) => r.truth);
const rho = (of: (r: Row) => number): string => spearman(rows.map(of), truth).toFixed(3);
console.log(`\nSpearman's correlation with mAP by label over ${rows.length} networks: ${rho((r) => r.measure)}`);
console.log(`with weights of the answers to a photo alone ${rho((r) => r.within)}, without any ${rho((r) => r.plain)}`);
library.close();
