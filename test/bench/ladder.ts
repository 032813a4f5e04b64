/**
 * What each component of the talk is worth on a library of hard photos: one thing is changed at a time of what adapting takes, learned on the known
 * part of each fold (each with a seed of its own) and asked with new photos of known places, by geometry and by label.
 * `node test/bench/ladder.ts LIBRARY --out FILE [--network tiny] [--size 160] [--seeds 3] [--first 0] [--epochs 2] [--tuples 60] [--only REGEX] [--rate 3e-5]`, of a library
 * in which places were found and whose files lie in a folder for each label. Every measurement is a line of FILE and is not made twice; `--table` prints
 * them, with differences on the same questions and intervals over places and seeds.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { foldParameters } from '../../src/main/engine/adapt/candidates.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { askRanked, drawFold, type Answer } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { manifoldDefaults, mineManifoldTuples } from '../../src/main/engine/mining/manifold-library.ts';
import { storeMiningRun } from '../../src/main/engine/mining/runs.ts';
import { networkRow, repoolNetwork, resolveNetwork, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract, type DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { rankingParameters } from '../../src/main/engine/retrieval/methods/parameters.ts';
import { rankByScore, row, similarities } from '../../src/main/engine/retrieval/rank.ts';
import { Ranker } from '../../src/main/engine/retrieval/ranker.ts';
import { networkSet } from '../../src/main/engine/retrieval/vector-sets.ts';
import { learnPca, learnWhitening, whiten, type Whitening } from '../../src/main/engine/retrieval/whitening.ts';
import { BowIndex, DEFAULT_TEACHER } from '../../src/main/engine/teacher/bow-index.ts';
import { splitOf } from '../../src/main/engine/training/known-part.ts';
import { trained } from '../../src/main/engine/training/ladder.ts';
import { listTrainingRuns } from '../../src/main/engine/training/runs.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';
import type { MiningParameters, Pooling, TrainingParameters } from '../../src/shared/domain.ts';
import { byLabel } from './by-label.ts';
import { trialOf } from './recipe-trial.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    network: { type: 'string', default: 'tiny' },
    size: { type: 'string', default: '160' },
    seeds: { type: 'string', default: '3' },
    first: { type: 'string', default: '0' },
    epochs: { type: 'string', default: '2' },
    tuples: { type: 'string', default: '60' },
    rate: { type: 'string' },
    freeze: { type: 'string' },
    only: { type: 'string', default: '.' },
    known: { type: 'string' },
    'known-fold': { type: 'string', default: '0' },
    table: { type: 'boolean', default: false },
  },
});

/** What a rung changes; nothing for what adapting takes. */
interface Rung {
  readonly name: string;
  readonly mining?: Partial<MiningParameters>;
  readonly pooling?: Pooling;
  /** Is not trained. */
  readonly still?: boolean;
  readonly manifold?: boolean;
  /** Was trained before, on the very part that its fold may know: the run is called so, `#` standing for the seed. */
  readonly known?: string;
}
const RUNGS: readonly Rung[] = [
  { name: 'as it was', still: true },
  { name: 'as it was, MAC', still: true, pooling: 'mac' },
  { name: 'as it was, SPoC', still: true, pooling: 'spoc' },
  { name: 'today' },
  { name: 'negatives at random', mining: { negatives: 'random' } },
  { name: 'negatives the hardest', mining: { negatives: 'hardest' } },
  { name: 'positives by descriptor', mining: { positives: 'm1' } },
  { name: 'positives by most shared points', mining: { positives: 'm2' } },
  { name: 'pooled by MAC', pooling: 'mac' },
  { name: 'pooled by SPoC', pooling: 'spoc' },
  { name: 'GeM per channel', pooling: 'gemmp' },
  { name: 'mined on manifolds', manifold: true },
];

/** One line: how a rung was ranked and who asked, with average precision by geometry and by label. */
interface Measured {
  readonly rung: string;
  readonly seed: number;
  readonly how: string;
  readonly seconds: number;
  readonly geometry: readonly (readonly [query: number, place: number, ap: number, weight: number])[];
  readonly label: readonly (readonly [query: number, place: number, ap: number])[];
}

const [path] = positionals;
if (path === undefined || values.out === undefined)
  throw new Error('Name a library: node test/bench/ladder.ts LIBRARY --out FILE');
const out = values.out;
const size = Number(values.size);
const lines: Measured[] = existsSync(out)
  ? readFileSync(out, 'utf8')
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l) as Measured)
  : [];
const HOW = ['plain', 'PCA', 'whitened', 'diffusion', 'whitened, diffusion'] as const;

function by(set: DescriptorSet, w: Whitening): DescriptorSet {
  const { data, dim } = whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, w);
  return { ids: set.ids, data, dim };
}

/** The network of a run of this name. @throws Error where it has learned from another part of the library. */
function knownRun(
  library: Library,
  runs: ReturnType<typeof listTrainingRuns>,
  name: string,
  made: TrainingParameters,
): NetworkRow {
  const run = runs.find((r) => r.parameters.name === name && r.state === 'done');
  if (run === undefined || run.result === null) throw new Error(`No run "${name}" is done`);
  if (run.parameters.learn?.digest !== made.learn?.digest) throw new Error(`"${name}" has learned from another part`);
  return networkRow(library, run.result);
}

async function measure(): Promise<void> {
  const task = silentContext();
  const library = Library.open(path!);
  const g = libraryGeometry(library);
  const truth = byLabel(library, g);
  const start = await resolveNetwork(library, values.network, 'embedded');
  const seeds = Number(values.seeds);
  const first = Number(values.first);
  const rungs: readonly Rung[] =
    values.known === undefined
      ? RUNGS.filter((r) => new RegExp(values.only).test(r.name))
      : [{ name: 'known', known: values.known }];
  const runs = listTrainingRuns(library);
  const note = (rung: string, seed: number, how: string, seconds: number, ask: (of: typeof g) => Answer[]): void => {
    // A rung that was cut short between two ways is gone through again.
    if (lines.some((l) => l.rung === rung && l.seed === seed && l.how === how)) return;
    const line: Measured = {
      rung,
      seed,
      how,
      seconds,
      geometry: ask(g).map((a) => [a.query, g.group[a.query]!, a.ap, a.weight ?? 1]),
      label: ask(truth).map((a) => [a.query, truth.group[a.query]!, a.ap]),
    };
    lines.push(line);
    appendFileSync(out, `${JSON.stringify(line)}\n`);
  };
  const drawing = trialOf(library, g, start, 'today', { size, folds: seeds, seed: 0 }).drawing;
  const teachers = [
    ['plain', 0, 0],
    ['re-ranked', DEFAULT_TEACHER.verified, 0],
    ['re-ranked and expanded', DEFAULT_TEACHER.verified, DEFAULT_TEACHER.expansion],
  ] as const;
  if (values.known === undefined && new RegExp(values.only).test('teacher')) {
    const index = await BowIndex.prepare(library, DEFAULT_TEACHER, task);
    const image = new Map(index.photos.map((p, i) => [p.id, i]));
    const rowOf = new Map(Array.from(g.ids, (id, i) => [id, i]));
    const has = new Uint8Array(g.ids.length).fill(1);
    for (let seed = first; seed < seeds; seed += 1) {
      const { asking } = drawFold(g, drawing, seed);
      for (const [how, verified, expansion] of teachers) {
        if (lines.some((l) => l.rung === 'teacher' && l.seed === seed && l.how === how)) continue;
        const found = new Map<number, number[]>();
        const ranked = (query: number): number[] => {
          const known = found.get(query);
          if (known !== undefined) return known;
          const i = image.get(g.ids[query]!);
          const hits = i === undefined ? [] : index.search(index.features(i), index.lists[i]!, { verified, expansion });
          const rows = hits.map((h) => rowOf.get(index.photos[h.image]!.id)!);
          found.set(query, rows);
          return rows;
        };
        note('teacher', seed, how, 0, (of) => askRanked(of, asking, has, ranked));
      }
    }
    console.log('the teacher is done');
  }
  for (let seed = first; seed < seeds; seed += 1) {
    const { asking } = drawFold(g, drawing, seed);
    for (const rung of rungs) {
      if (lines.some((l) => l.rung === rung.name && l.seed === seed && l.how === HOW.at(-1))) continue;
      const began = performance.now();
      try {
        const from = rung.pooling === undefined ? start : repoolNetwork(library, start, rung.pooling, true);
        const trial = trialOf(library, g, from, 'today', { size, folds: seeds, seed: 0 });
        const made = foldParameters(trial, g, seed, `ladder · ${rung.name} · seed ${seed}`);
        const { training } = splitOf(library, made.learn!);
        let pools: number | null = null;
        if (rung.manifold === true) {
          await extract(library, from, size, task);
          const set = networkSet(library, from, size);
          const parameters = manifoldDefaults(training.size);
          const mined = await mineManifoldTuples(library, set, (p) => training.has(p), parameters, task);
          pools = storeMiningRun(library, mined, {
            networkId: from.id,
            set: set.key,
            setName: set.name,
            size,
            seed,
            parameters,
          });
        }
        const network: NetworkRow =
          rung.known !== undefined
            ? knownRun(library, runs, rung.known.replace('#', String(seed + Number(values['known-fold']))), made)
            : rung.still === true
              ? from
              : await trained(
                  library,
                  from,
                  {
                    ...made,
                    pools,
                    epochs: Number(values.epochs),
                    queriesPerEpoch: Number(values.tuples),
                    ...(values.rate === undefined ? {} : { learningRate: Number(values.rate) }),
                    ...(values.freeze === undefined ? {} : { freeze: values.freeze }),
                    mining: { ...made.mining, ...rung.mining },
                  },
                  task,
                );
        const seconds = Math.round((performance.now() - began) / 1000);
        const set = await extract(library, network, size, task);
        const sample = whiteningSample(library, { training }, set, made.mining);
        const w = by(set, learnWhitening(sample.vectors, sample.queries, sample.positives));
        for (const [how, of] of [
          ['plain', set],
          ['PCA', by(set, learnPca(sample.vectors))],
          ['whitened', w],
        ] as const) {
          const { x, has } = described(g, of);
          note(rung.name, seed, how, seconds, (geometry) =>
            askRanked(geometry, asking, has, (q) => rankByScore(similarities(x, row(x, q)))),
          );
        }
        for (const [how, of] of [
          ['diffusion', set],
          ['whitened, diffusion', w],
        ] as const) {
          const { x, has } = described(g, of);
          const ranker = await Ranker.prepare(
            { vectors: x, images: x.rows },
            rankingParameters('cg', {}, { rows: x.rows }),
          );
          const queries = Uint32Array.from(asking).filter((q) => has[q] === 1);
          const data = new Float32Array(queries.length * x.dim);
          queries.forEach((q, i) => data.set(row(x, q), i * x.dim));
          const found = await ranker.rank(
            { vectors: { data, rows: queries.length, dim: x.dim }, count: queries.length },
            x.rows,
          );
          await ranker.close();
          const at = new Map(Array.from(queries, (q, i) => [q, i]));
          note(rung.name, seed, how, seconds, (geometry) =>
            askRanked(geometry, asking, has, (q) =>
              found.ids.subarray(at.get(q)! * x.rows, (at.get(q)! + 1) * x.rows).filter((i) => i >= 0),
            ),
          );
        }
        console.log(`${rung.name}, seed ${seed}: ${seconds} s`);
      } catch (error) {
        console.log(
          `${rung.name}, seed ${seed} failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
      }
    }
  }
  library.close();
}

const interval = (d: ReturnType<typeof overPlaces>): string =>
  `${d.mean < 0 ? '' : '+'}${d.mean.toFixed(3)} [${(d.low ?? d.mean).toFixed(3)}, ${(d.high ?? d.mean).toFixed(3)}]`;

/** Each rung against today's recipe, plain and whitened, other ways of ranking against plain; without training all against the network as it was. */
function table(): void {
  const line = (rung: string, seed: number, how: string): Measured | undefined =>
    lines.find((l) => l.rung === rung && l.seed === seed && l.how === how);
  const cell = (
    of: readonly Measured[],
    base: readonly [string, string] | null,
    what: 'geometry' | 'label',
  ): string => {
    const mean = overPlaces(
      of.flatMap((m) => m[what].map(([, place, ap, weight]) => ({ value: ap, place, fold: m.seed, weight }))),
    ).mean.toFixed(3);
    if (base === null) return `${mean} | `;
    const differences = of.flatMap((m) => {
      const before = new Map((line(base[0], m.seed, base[1])?.[what] ?? []).map(([q, , ap]) => [q, ap]));
      return m[what].flatMap(([q, place, ap, weight]) =>
        before.has(q) ? [{ value: ap - before.get(q)!, place, fold: m.seed, weight }] : [],
      );
    });
    return `${mean} | ${differences.length === 0 ? '' : interval(overPlaces(differences))}`;
  };
  console.log('| rung | ranked | by geometry | difference | by label | difference | against | seeds |');
  console.log(`|${'---|'.repeat(8)}`);
  const keys = new Set(lines.map((l) => `${l.rung}\t${l.how}`));
  for (const key of keys) {
    const [rung, how] = key.split('\t') as [string, string];
    const of = lines.filter((l) => l.rung === rung && l.how === how);
    const still = rung.startsWith('as it was');
    const base: readonly [string, string] | null =
      rung === 'teacher'
        ? [lines.some((l) => l.rung === 'known') ? 'known' : 'today', 'whitened']
        : how === 'whitened' && !still && rung !== 'today' && rung !== 'known'
          ? ['today', 'whitened']
          : how !== 'plain'
            ? [rung, how === 'whitened, diffusion' ? 'whitened' : 'plain']
            : rung === 'as it was'
              ? null
              : [rung === 'today' || rung === 'known' || still ? 'as it was' : 'today', 'plain'];
    console.log(
      `| ${rung} | ${how} | ${cell(of, base, 'geometry')} | ${cell(of, base, 'label')} | ${base?.join(', ') ?? ''} | ${of.length} |`,
    );
  }
}

if (values.table) table();
else await measure();
