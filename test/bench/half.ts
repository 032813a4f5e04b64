/**
 * Half precision against single, on a library in which places were found and whose files lie in a folder for each label. WebGPU has to have
 * shader-f16; on a rasteriser a hundred tuples take a quarter of an hour.
 * `node test/bench/half.ts describe LIBRARY [--network tiny] [--size 160]`: the own collection, described in either, every other photo in either,
 * and asked in single where the rest is in half.
 * `node test/bench/half.ts train LIBRARY --out FILE [--seeds 3] [--epochs 1] [--tuples 60] [--rate 1e-4] [--negatives 2]`: what adapting takes, learned
 * in either from the same tuples of the known part of each fold, and asked in single with new photos of known places. Runs are lines of FILE and not
 * made twice; the table of what is there is printed at the end.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { foldParameters } from '../../src/main/engine/adapt/candidates.ts';
import { described, libraryGeometry } from '../../src/main/engine/evaluation/library-geometry.ts';
import { overPlaces } from '../../src/main/engine/evaluation/over-places.ts';
import { ask, askRanked, drawFold, type Answer } from '../../src/main/engine/evaluation/protocols.ts';
import { InputMaker } from '../../src/main/engine/inputs/inputs.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { computing, openRunner } from '../../src/main/engine/network/computing.ts';
import { loadNetwork, resolveNetwork, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import type { DescriptorSet } from '../../src/main/engine/retrieval/extract.ts';
import { dot, rankByScore, row, similarities } from '../../src/main/engine/retrieval/rank.ts';
import { describeAll } from '../../src/main/engine/training/describing.ts';
import { train } from '../../src/main/engine/training/train.ts';
import { PRECISIONS, type Precision } from '../../src/shared/facts/backends.ts';
import { byLabel } from './by-label.ts';
import { trialOf } from './recipe-trial.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: 'string', default: 'tiny' },
    size: { type: 'string', default: '160' },
    out: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '1' },
    tuples: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1e-4' },
    negatives: { type: 'string', default: '2' },
    only: { type: 'string', default: '.' },
  },
});
const [what, path] = positionals;
if (path === undefined || (what !== 'describe' && what !== 'train') || (what === 'train' && values.out === undefined))
  throw new Error('node test/bench/half.ts describe LIBRARY, or train LIBRARY --out FILE');
const size = Number(values.size);
const task = silentContext();
const library = Library.open(path);
const g = libraryGeometry(library);
const truth = byLabel(library, g);
const start = await resolveNetwork(library, values.network, 'embedded');
const BACKENDS = { single: 'cpu', half: 'webgpu' } as const;

async function descriptors(network: NetworkRow, precision: Precision): Promise<DescriptorSet> {
  const { graph, spec } = loadNetwork(library, network);
  const maker = await InputMaker.create(spec, size, library);
  const { result: runner } = await computing(BACKENDS[precision], () => openRunner(graph), precision);
  try {
    return await describeAll(Array.from(g.ids), '', { runner, maker, dim: spec.dim }, task);
  } finally {
    await runner.release();
    await maker.release();
  }
}

/** By whose photos the interval is drawn. */
const witnesses = (of: typeof g, answers: readonly Answer[], fold: number, valueOf: (a: Answer) => number) =>
  answers.map((a) => ({ value: valueOf(a), place: of.group[a.query]!, fold, weight: a.weight }));
const inWords = ({ mean, low, high }: ReturnType<typeof overPlaces>, digits = 4): string =>
  `${mean.toFixed(digits)} [${(low ?? mean).toFixed(digits)}, ${(high ?? mean).toFixed(digits)}]`;

async function describing(): Promise<void> {
  const single = await descriptors(start, 'single');
  const half = await descriptors(start, 'half');
  const { dim } = single;
  const photos = Array.from(single.ids.keys());
  const cosines = photos.map((i) =>
    dot(row({ ...single, rows: photos.length }, i), row({ ...half, rows: photos.length }, i)),
  );
  const largest = single.data.reduce((m, v, k) => Math.max(m, Math.abs(v - half.data[k]!)), 0);
  console.log(
    `${start.spec.name}, ${size} px, ${photos.length} photos: least cosine ${Math.min(...cosines).toFixed(6)}, a number moved by ${largest.toExponential(1)} at most; all finite: ${half.data.every(Number.isFinite)}`,
  );
  const mixed = single.data.slice();
  for (const i of photos) if (i % 2 === 1) mixed.set(half.data.subarray(i * dim, (i + 1) * dim), i * dim);
  const { asking } = drawFold(g, { protocol: 'own', parts: 1, seed: 0 }, 0);
  for (const [name, of] of [
    ['geometry', g],
    ['label', truth],
  ] as const) {
    const before = ask(of, asking, described(of, single));
    const across = described(of, half);
    const asked = described(of, single).x;
    const rows: readonly (readonly [string, Answer[]])[] = [
      ['single', before],
      ['half', ask(of, asking, across)],
      ['every other photo in half', ask(of, asking, described(of, { ...single, data: mixed }))],
      [
        'single asks half',
        askRanked(of, asking, across.has, (q) =>
          rankByScore(similarities(across.x, row(asked, q))).filter((i) => i !== q),
        ),
      ],
    ];
    for (const [how, answers] of rows) {
      const was = new Map(before.map((a) => [a.query, a.ap]));
      const mean = overPlaces(witnesses(of, answers, 0, (a) => a.ap));
      const apart = overPlaces(witnesses(of, answers, 0, (a) => a.ap - was.get(a.query)!));
      console.log(`by ${name}, ${how}: ${inWords(mean)}, difference ${inWords(apart, 5)}`);
    }
  }
}

interface Line {
  readonly seed: number;
  readonly precision: Precision | 'as it was';
  readonly seconds: number;
  readonly loss: readonly number[];
  readonly scale: number | null;
  readonly skipped: number | null;
  readonly steps: number;
  readonly geometry: readonly (readonly [query: number, place: number, ap: number, weight: number])[];
  readonly label: readonly (readonly [query: number, place: number, ap: number, weight: number])[];
}

async function training(out: string): Promise<void> {
  const lines = (): Line[] =>
    existsSync(out)
      ? readFileSync(out, 'utf8')
          .split('\n')
          .filter((l) => l !== '')
          .map((l) => JSON.parse(l) as Line)
      : [];
  const seeds = Number(values.seeds);
  const trial = trialOf(library, g, start, 'today', { size, folds: seeds, seed: 0 });
  for (let seed = 0; seed < seeds; seed += 1) {
    const { asking } = drawFold(g, trial.drawing, seed);
    for (const precision of ['as it was', ...PRECISIONS] as const) {
      if (!new RegExp(values.only).test(precision)) continue;
      if (lines().some((l) => l.seed === seed && l.precision === precision)) continue;
      const began = performance.now();
      const made = foldParameters(trial, g, seed, `half · ${precision} · seed ${seed}`);
      const result =
        precision === 'as it was'
          ? undefined
          : await train(
              library,
              start,
              {
                ...made,
                backend: BACKENDS[precision],
                precision,
                epochs: Number(values.epochs),
                queriesPerEpoch: Number(values.tuples),
                learningRate: Number(values.rate),
                mining: { ...made.mining, count: Number(values.negatives) },
              },
              task,
            );
      const seconds = Math.round((performance.now() - began) / 1000);
      const set = await descriptors(result?.network ?? start, 'single');
      const answers = (of: typeof g): Line['label'] =>
        ask(of, asking, described(of, set)).map((a) => [a.query, of.group[a.query]!, a.ap, a.weight ?? 1]);
      const line: Line = {
        seed,
        precision,
        seconds,
        loss: result?.epochs.map((e) => e.loss) ?? [],
        scale: result?.scaling?.scale ?? null,
        skipped: result?.scaling?.skipped ?? null,
        steps: result?.scaling?.steps ?? 0,
        geometry: answers(g),
        label: answers(truth),
      };
      appendFileSync(out, `${JSON.stringify(line)}\n`);
      console.log(`${precision}, seed ${seed}: ${seconds} s, loss ${line.loss.join(', ')}`);
    }
  }
  table(lines());
}

function table(lines: readonly Line[]): void {
  const against = [
    ['as it was', null],
    ['single', 'as it was'],
    ['half', 'as it was'],
    ['half', 'single'],
  ] as const;
  for (const by of ['geometry', 'label'] as const)
    for (const [precision, base] of against) {
      const of = lines.filter((l) => l.precision === precision);
      const values = of.flatMap((l) => {
        const before = new Map(
          lines.find((b) => b.precision === base && b.seed === l.seed)?.[by].map(([q, , ap]) => [q, ap]),
        );
        return l[by].flatMap(([q, place, ap, weight]) =>
          base === null || before.has(q) ? [{ value: ap - (before.get(q) ?? 0), place, fold: l.seed, weight }] : [],
        );
      });
      console.log(
        `by ${by}, ${precision}${base === null ? '' : ` against ${base}`}: ${inWords(overPlaces(values))}, ${of.length} seeds`,
      );
    }
}

if (what === 'describe') await describing();
else await training(values.out!);
library.close();
