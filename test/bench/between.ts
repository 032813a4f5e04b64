/**
 * What lies between a network and what it learned: weights a share of the way from the start to where training ended, each plain and whitened by
 * what the fold may know with more or less shrinkage, asked with new photos of known places and, in other libraries of which nothing was learned,
 * as new places. One training a fold gives the whole curve.
 * `node test/bench/between.ts LIBRARY --out FOLDER [--other LIB2,LIB3] [--recipe today] [--shares 0.4,0.7,1] [--shrinkages auto,1] [--network tiny]
 * [--size 160] [--folds 3] [--seed 0] [--protocol new-photos] [--epochs N] [--tuples N]`, of libraries in which places were found. Every measurement is a line of FOLDER/<library>-<protocol>.jsonl and is not made twice;
 * `--table` prints them as differences from the start, with intervals over places.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { foldParameters } from '../../src/main/engine/adapt/candidates.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, drawFold, type Geometry } from '../../src/main/engine/evaluation/protocols.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { loadNetwork, resolveNetwork, storeComputed, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract, type DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { learnWhitening, whiten, type Whitening } from '../../src/main/engine/retrieval/whitening.ts';
import { splitOf } from '../../src/main/engine/training/known-part.ts';
import { trained } from '../../src/main/engine/training/ladder.ts';
import { warmStart } from '../../src/main/engine/training/whiten.ts';
import { whiteningSample } from '../../src/main/engine/training/whitening-sample.ts';
import { adaptProtocol } from '../../src/shared/facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES } from '../../src/shared/facts/adapt-names.ts';
import { trialOf } from './recipe-trial.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: '.' },
    other: { type: 'string', default: '' },
    recipe: { type: 'string', default: 'today' },
    shares: { type: 'string', default: '0.4,0.7,1' },
    shrinkages: { type: 'string', default: 'auto,1' },
    network: { type: 'string', default: 'tiny' },
    size: { type: 'string', default: '160' },
    folds: { type: 'string', default: '3' },
    only: { type: 'string' },
    seed: { type: 'string', default: '0' },
    protocol: { type: 'string', default: 'new-photos' },
    epochs: { type: 'string' },
    tuples: { type: 'string' },
    table: { type: 'boolean', default: false },
  },
});

/** One line: who asked, of which place, with which average precision. */
interface Measured {
  readonly recipe: string;
  readonly seed: number;
  readonly fold: number;
  /** Of the way from the start to where training ended. */
  readonly share: number;
  /** `no` for plain descriptors, else the shrinkage of the whitening. */
  readonly whitened: string;
  /** The library whose photos asked. */
  readonly on: string;
  readonly answers: readonly (readonly [query: number, place: number, ap: number])[];
}

const [path] = positionals;
if (path === undefined) throw new Error('Name a library: node test/bench/between.ts LIBRARY --out FOLDER');
const size = Number(values.size);
const seed = Number(values.seed);
const folds = Number(values.folds);
const own = basename(path);
const protocol = adaptProtocol.parse(values.protocol);
mkdirSync(values.out, { recursive: true });
const file = join(values.out, `${own}-${protocol}.jsonl`);
const lines: Measured[] = existsSync(file)
  ? readFileSync(file, 'utf8')
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l) as Measured)
  : [];
const keyOf = (m: Omit<Measured, 'answers'>): string =>
  [m.share === 0 ? '' : m.recipe, m.seed, m.fold, m.share, m.whitened, m.on].join(' ');
const done = new Set(lines.map(keyOf));

/** Weights this share of the way from one network to another that was trained from it. */
function between(start: Graph, end: Graph, share: number): Graph {
  const initializers = new Map(end.initializers);
  for (const [name, { dims, data }] of end.initializers) {
    const from = start.initializers.get(name)?.data;
    if (!(data instanceof Float32Array) || !(from instanceof Float32Array)) continue;
    initializers.set(name, { dims, data: data.map((v, i) => from[i]! + share * (v - from[i]!)) });
  }
  return { ...end, initializers };
}

const by = (set: DescriptorSet, w: Whitening): DescriptorSet => {
  const { data, dim } = whiten({ data: set.data, rows: set.ids.length, dim: set.dim }, w);
  return { ids: set.ids, data, dim };
};

async function measure(): Promise<void> {
  const task = silentContext();
  const library = Library.open(path!);
  const others =
    values.other === '' ? [] : values.other.split(',').map((p) => ({ name: basename(p), at: Library.open(p) }));
  const geometries = new Map<string, Geometry>(others.map((o) => [o.name, libraryGeometry(o.at)]));
  const g = libraryGeometry(library);
  const start = await resolveNetwork(library, values.network, 'embedded');
  const trial = trialOf(library, g, start, values.recipe, {
    size,
    folds,
    seed,
    protocol,
    ...(values.epochs === undefined ? {} : { epochs: Number(values.epochs) }),
    ...(values.tuples === undefined ? {} : { tuples: Number(values.tuples) }),
  });
  const whitenings = ['no', ...values.shrinkages.split(',').filter((s) => s !== '')];
  const note = (m: Omit<Measured, 'answers'>, of: Geometry, rows: Uint32Array, set: DescriptorSet): void => {
    const answers = ask(of, rows, described(of, set)).map((a) => [a.query, of.group[a.query]!, a.ap] as const);
    appendFileSync(file, `${JSON.stringify({ ...m, answers } satisfies Measured)}\n`);
    done.add(keyOf(m));
  };
  for (let fold = 0; fold < folds; fold += 1) {
    if (values.only !== undefined && fold !== Number(values.only)) continue;
    const parameters = foldParameters(
      trial,
      g,
      fold,
      `between · ${protocol} · ${values.recipe} · seed ${seed}, fold ${fold}`,
    );
    const began = performance.now();
    const from = trial.warm === true ? await warmStart(library, start, parameters, task) : start;
    const end = await trained(library, from, parameters, task);
    console.log(
      `${own}, ${values.recipe}, fold ${fold}: trained in ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
    const [a, b] = [loadNetwork(library, from).graph, loadNetwork(library, end).graph];
    const { training } = splitOf(library, parameters.learn!);
    for (const share of [0, ...values.shares.split(',').map(Number)]) {
      const of = { recipe: values.recipe, seed, fold, share };
      const wanted = whitenings.flatMap((whitened) =>
        [own, ...geometries.keys()].map((on) => ({ ...of, whitened, on })),
      );
      if (wanted.every((m) => done.has(keyOf(m)))) continue;
      const stored = (into: Library): NetworkRow =>
        storeComputed(into, between(a, b, share), { ...end.spec, experiment: true, name: `between · ${share}` }, null);
      const set = await extract(library, stored(library), size, task);
      const sample = whiteningSample(library, { training }, set, parameters.mining);
      const learned = new Map(
        whitenings.map((w) => [
          w,
          w === 'no'
            ? undefined
            : learnWhitening(sample.vectors, sample.queries, sample.positives, w === 'auto' ? undefined : Number(w)),
        ]),
      );
      for (const [on, of_] of [[own, g] as const, ...geometries]) {
        const other = others.find((o) => o.name === on)?.at;
        const missing = wanted.filter((m) => m.on === on && !done.has(keyOf(m)));
        if (missing.length === 0) continue;
        const plain = other === undefined ? set : await extract(other, stored(other), size, task);
        const rows =
          other === undefined
            ? drawFold(g, trial.drawing, fold).asking
            : drawFold(of_, { protocol: 'own', parts: 1, seed: 0 }, 0).asking;
        for (const m of missing) {
          const w = learned.get(m.whitened);
          note(m, of_, rows, w === undefined ? plain : by(plain, w));
        }
      }
    }
  }
  library.close();
  for (const o of others) o.at.close();
}

const said = (v: number): string => `${v < 0 ? '' : '+'}${v.toFixed(3)}`;

/** Means of new photos, and differences from the start on the same questions. */
function table(): void {
  const ons = [own, ...new Set(lines.map((l) => l.on).filter((o) => o !== own))];
  const rows = new Map<string, Measured[]>();
  for (const l of lines) {
    const key = `${l.share === 0 ? 'as it was' : l.recipe} | ${l.share === 0 ? '' : l.share} | ${l.whitened}`;
    rows.set(key, [...(rows.get(key) ?? []), l]);
  }
  const startOf = (m: Measured): Map<number, number> =>
    new Map(
      lines
        .find((l) => l.share === 0 && l.whitened === 'no' && l.on === m.on && l.fold === m.fold && l.seed === m.seed)!
        .answers.map(([query, , ap]) => [query, ap]),
    );
  console.log(
    `| recipe | share of the way | whitened | ${ons.map((o) => (o === own ? `${o}, ${ADAPT_PROTOCOL_NAMES[protocol]} | gain` : `${o}, new places`)).join(' | ')} | trainings |`,
  );
  console.log(`|${'---|'.repeat(5 + ons.length)}`);
  for (const [key, all] of rows) {
    const cells = ons.map((on) => {
      const of = all.filter((m) => m.on === on);
      if (of.length === 0) return on === own ? ' | ' : '';
      const fold = (m: Measured): number => m.seed * 100 + m.fold;
      const value = (at: (ap: number, before: number) => number): ReturnType<typeof overPlaces> =>
        overPlaces(
          of.flatMap((m) => {
            const before = startOf(m);
            return m.answers.map(([q, place, ap]) => ({ value: at(ap, before.get(q)!), place, fold: fold(m) }));
          }),
        );
      const d = value((ap, before) => ap - before);
      const gain = `${said(d.mean)} [${said(d.low ?? d.mean)}, ${said(d.high ?? d.mean)}]`;
      return on === own ? `${value((ap) => ap).mean.toFixed(3)} | ${gain}` : gain;
    });
    console.log(`| ${key} | ${cells.join(' | ')} | ${new Set(all.map((m) => `${m.seed} ${m.fold}`)).size} |`);
  }
}

if (values.table) table();
else await measure();
