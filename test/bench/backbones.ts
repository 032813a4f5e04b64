/**
 * What a backbone is worth before any training: `node test/bench/backbones.ts LIBRARY... --networks tiny@320,resnet50-conv4@480`, of
 * libraries in which places were found and whose photos lie in a folder for each label. mAP by label in two protocols that are never mixed:
 * every photo asks all others, and new photos of known things ask all, off the shelf and whitened on the verified pairs of the known
 * part. Milliseconds a photo are those of a processor, all threads together, and of the network alone, on a photo of 4 to 3.
 * `--train` learns on the known part of each fold as well, at `--train-size`, and describes at the size of the row; `--folds`, `--epochs`,
 * `--tuples` and `--freeze` are for budgets. `--elsewhere LIBRARY` whitens on that one's places, so that no place asked with was looked at. Intervals (95 %) resample labels.
 */
import { parseArgs } from 'node:util';
import { chooseGuards } from '../../src/main/engine/adapt/guards.ts';
import { collectionStatistics } from '../../src/main/engine/adapt/statistics.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { differenceOf, meanOf } from '../../src/main/engine/evaluation/compared.ts';
import {
  ask,
  drawFold,
  type Answer,
  type Described,
  type Geometry,
} from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { select, text } from '../../src/main/engine/library/rows.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { loadNetwork, resolveNetwork, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract, type DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { learnWhitening, whiten } from '../../src/main/engine/retrieval/whitening.ts';
import { partOf, splitOf } from '../../src/main/engine/training/known-part.ts';
import { trained } from '../../src/main/engine/training/ladder.ts';
import { DEFAULT_TRAINING, defaultMargin } from '../../src/main/engine/training/presets.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    networks: { type: 'string', default: 'embedded@320' },
    repeats: { type: 'string', default: '9' },
    train: { type: 'boolean', default: false },
    'train-size': { type: 'string', default: '320' },
    folds: { type: 'string' },
    epochs: { type: 'string' },
    tuples: { type: 'string' },
    freeze: { type: 'string' },
    elsewhere: { type: 'string' },
  },
});
const task = silentContext();
const signed = (v: number): string => `${v < 0 ? '' : '+'}${v.toFixed(3)}`;
/** `+0.120 [+0.060, +0.190]`. */
const difference = ({ mean: m, low, high }: ReturnType<typeof differenceOf>): string =>
  low === null || high === null ? signed(m) : `${signed(m)} [${signed(low)}, ${signed(high)}]`;
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

/** What of a fold's known part may be learned. */
interface Known {
  readonly guards: ReturnType<typeof chooseGuards>;
  readonly learn: ReturnType<typeof partOf>;
  readonly fold: number;
}

const miningOf = ({ minShared, minOverlap, maxScale }: Known['guards']): typeof DEFAULT_MINING => ({
  ...DEFAULT_MINING,
  minShared,
  minOverlap,
  maxScale,
});

/** Whitened on the verified pairs of the known part; undefined where there are none. */
function whitened(library: Library, set: DescriptorSet, { guards, learn }: Known): DescriptorSet | undefined {
  const { training } = splitOf(library, learn);
  const { vectors, queries, positives } = whiteningSample(library, { training }, set, miningOf(guards));
  if (queries.length === 0) return undefined;
  const learned = learnWhitening(vectors, queries, positives);
  return { ids: set.ids, ...whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, learned) };
}

/** Trained on the known part as `covis adapt` trains, but for the budget. */
function learnedOn(library: Library, row: NetworkRow, { guards, learn, fold }: Known): Promise<NetworkRow> {
  const { graph } = loadNetwork(library, row);
  return trained(
    library,
    row,
    {
      ...DEFAULT_TRAINING,
      name: `backbones, fold ${fold + 1}`,
      experiment: true,
      epochs: Number(values.epochs ?? guards.epochs),
      queriesPerEpoch: Number(values.tuples ?? guards.queriesPerEpoch),
      learningRate: guards.learningRate,
      batch: guards.batch,
      size: Number(values['train-size']),
      margin: defaultMargin(graph, DEFAULT_TRAINING.loss),
      seed: fold,
      mining: miningOf(guards),
      learn,
      ...(values.freeze === undefined ? {} : { freeze: values.freeze }),
    },
    task,
  );
}

/** Whitened on all verified pairs of another library. */
async function whitenedElsewhere(path: string, name: string, size: number, set: DescriptorSet): Promise<DescriptorSet> {
  const other = Library.open(path);
  try {
    const row = await resolveNetwork(other, name, 'embedded');
    const theirs = await extract(other, row, size, task);
    const guards = chooseGuards(collectionStatistics(other, libraryGeometry(other)), size);
    const training = new Set(theirs.ids);
    const { vectors, queries, positives } = whiteningSample(other, { training }, theirs, miningOf(guards));
    const learned = learnWhitening(vectors, queries, positives);
    return { ids: set.ids, ...whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, learned) };
  } finally {
    other.close();
  }
}

if (values.elsewhere !== undefined) console.log(`All ask, whitened on ${values.elsewhere}: the last column.`);
const more = values.train
  ? ' trained | trained, whitened | trained - off the shelf | both - whitened | seconds a training |'
  : '';
console.log(`| library | network | px | dimensions | MB | ms a photo | all ask | new photos | whitened |${more}`);
console.log(`|---|---|---|---|---|---|---|---|---|${more.replaceAll(/[^|]+/g, '---')}`);
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
    const set = await extract(library, row, size, task);
    const tried = new Map<'off' | 'white' | 'trained' | 'both', Answer[][]>();
    let seconds = 0;
    const folds = Math.min(guards.parts, Number(values.folds ?? guards.parts));
    for (let fold = 0; fold < folds; fold += 1) {
      const drawing = { protocol: 'new-photos', parts: guards.parts, seed: 0 } as const;
      const { asking } = drawFold(g, drawing, fold);
      const known: Known = { guards, learn: partOf(g, drawing, fold), fold };
      const note = (what: 'off' | 'white' | 'trained' | 'both', x: DescriptorSet | undefined): void => {
        if (x !== undefined) tried.set(what, [...(tried.get(what) ?? []), ask(truth, asking, described(g, x))]);
      };
      note('off', set);
      note('white', whitened(library, set, known));
      if (!values.train) continue;
      const began = performance.now();
      const network = await learnedOn(library, row, known);
      seconds += (performance.now() - began) / 1000 / folds;
      const after = await extract(library, network, size, task);
      note('trained', after);
      note('both', whitened(library, after, known));
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
    const show = (what: 'off' | 'white' | 'trained' | 'both'): string => {
      const answers = tried.get(what);
      if (answers === undefined) return '';
      const { mean: m, low, high } = meanOf(truth, answers, 0);
      return `${m.toFixed(3)}${low === null || high === null ? '' : ` (${low.toFixed(3)} to ${high.toFixed(3)})`}`;
    };
    const gain = (before: 'off' | 'white', after: 'trained' | 'both'): string => {
      const [x, y] = [tried.get(before), tried.get(after)];
      return x === undefined || y?.length !== x.length ? '' : difference(differenceOf(truth, x, y, 0));
    };
    const learned = values.train
      ? ` ${show('trained')} | ${show('both')} | ${gain('off', 'trained')} | ${gain('white', 'both')} | ${seconds.toFixed(0)} |`
      : '';
    const { elsewhere } = values;
    const away =
      elsewhere === undefined
        ? ''
        : ` ${map(everyone, described(g, await whitenedElsewhere(elsewhere, name, size, set))).toFixed(3)} |`;
    console.log(
      `| ${path.split('/').at(-1)} | ${row.spec.name} | ${size} | ${row.spec.dim} | ${(Number(bytes) / 1e6).toFixed(1)} | ${(spent / repeats).toFixed(0)} | ${map(everyone, described(g, set)).toFixed(3)} | ${show('off')} | ${show('white')} |${learned}${away}`,
    );
  }
  library.close();
}
