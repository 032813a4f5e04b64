import type { DomainMethod, DomainReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { defaultSize, describe, InputMaker } from '../inputs/inputs.ts';
import { readDrawing } from '../edges/sketch-files.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { ahead } from '../library/prefetch.ts';
import type { LoadedNetwork } from '../network/networks.ts';
import { openRunner } from '../network/computing.ts';
import { mean, deviation } from '../evaluation/statistics.ts';
import type { Matrix } from '../retrieval/rank.ts';
import { looksDrawn, readDomains, shortNames, type DomainFolder, type DomainImage } from './domain-folder.ts';
import { accuracy, fitLogistic, type Classifier } from './logistic.ts';

/** The networks that are compared. */
export interface DomainNetworks {
  readonly pretrained: Pick<LoadedNetwork, 'graph' | 'spec'>;
  readonly fineTuned: Pick<LoadedNetwork, 'graph' | 'spec'>;
  readonly edges: Pick<LoadedNetwork, 'graph' | 'spec'>;
}

export interface DomainOptions {
  readonly folder: string;
  /** Domains whose images are drawings and go through the sketch path; by name when left out. */
  readonly drawn?: readonly string[] | undefined;
  readonly seeds: number;
}

/** Regularisation from strong to weak; each fit starts where the one before ended. */
const LAMBDAS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/** Share of the source images on which λ is picked. */
const HELD_OUT = 0.1;

/**
 * The talk's last experiment (methods.md 3): linear classifiers on frozen descriptors, learned on one domain or on all but one, tested
 * on the others. λ is picked on a part of the source domains that the classifier does not see; nothing of a target domain is used.
 * @throws CovisError `INPUT_*` for the folder, `CANCELLED`.
 */
export async function domainGeneralisation(
  networks: DomainNetworks,
  options: DomainOptions,
  task: TaskContext,
  library?: Library,
): Promise<DomainReport> {
  const folder = readDomains(options.folder);
  folder.warnings.forEach((w) => task.warn(w));
  const unknown = options.drawn?.filter((d) => !folder.domains.includes(d)) ?? [];
  if (unknown.length > 0)
    throw new CovisError('INPUT_INVALID', `There is no domain ${unknown.join(', ')}`, {
      file: options.folder,
      hint: `The domains are ${folder.domains.join(', ')}.`,
    });
  const drawn = folder.domains.map((d) => options.drawn?.includes(d) ?? looksDrawn(d));
  const failed = new Set<number>();
  const a = await describeImages(networks.pretrained, folder, drawn, failed, task, library);
  const b = await describeImages(networks.fineTuned, folder, drawn, failed, task, library);
  const c = await describeImages(networks.edges, folder, drawn, failed, task, library);
  const kept = folder.images.flatMap((_, i) => (failed.has(i) ? [] : [i]));
  folder.domains.forEach((name, domain) => {
    if (kept.filter((i) => folder.images[i]!.domain === domain).length < 2)
      throw new CovisError('INPUT_INVALID', `Domain ${name} has fewer than two images that can be read`, {
        file: options.folder,
        hint: 'Give each domain at least two photos that can be decoded; the warnings name those that cannot.',
      });
  });
  const sets: [string, Matrix][] = [
    ['Pre-trained RGB', a],
    ['Fine-tuned RGB', b],
    ['EdgeMAC', c],
    ['Pre-trained RGB + EdgeMAC', concatenated(a, c)],
    ['Fine-tuned RGB + EdgeMAC', concatenated(b, c)],
  ];
  task.step('Learning classifiers', sets.length * options.seeds, 'runs');
  let runs = 0;
  const methods: DomainMethod[] = [];
  for (const [name, x] of sets) {
    const measured: Tables[] = [];
    for (let seed = 0; seed < options.seeds; seed += 1) {
      measured.push(await tables(x, folder, kept, seed, task));
      task.progress((runs += 1));
    }
    methods.push(summary(name, measured));
  }
  const count = (label: number): Record<string, number> =>
    Object.fromEntries(
      folder.domains.map((d, domain) => [
        d,
        kept.filter((i) => folder.images[i]!.domain === domain && folder.images[i]!.label === label).length,
      ]),
    );
  return {
    domains: folder.domains,
    labels: shortNames(folder.domains),
    classes: folder.classes,
    photosPerClass: Object.fromEntries(folder.classes.map((name, label) => [name, count(label)])),
    chance: 1 / folder.classes.length,
    drawn: folder.domains.filter((_, i) => drawn[i]),
    seeds: options.seeds,
    networks: {
      pretrained: networks.pretrained.spec.name,
      fineTuned: networks.fineTuned.spec.name,
      edges: networks.edges.spec.name,
    },
    unreadable: failed.size,
    methods,
  };
}

/** Descriptors of all images; those that cannot be decoded are said, noted and left as zeros. */
async function describeImages(
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  folder: DomainFolder,
  drawn: readonly boolean[],
  failed: Set<number>,
  task: TaskContext,
  library: Library | undefined,
): Promise<Matrix> {
  const { spec, graph } = network;
  task.step(`Describing images with ${spec.name}`, folder.images.length, 'images');
  const data = new Float32Array(folder.images.length * spec.dim);
  const maker = await InputMaker.create(spec, defaultSize(spec), library);
  const runner = await openRunner(graph);
  const inputs = async (i: number) => {
    const image: DomainImage = folder.images[i]!;
    return spec.edges !== undefined && drawn[image.domain]
      ? maker.ofDrawing(await readDrawing(image.file))
      : maker.ofFile(image.file);
  };
  try {
    const all = folder.images.map((_, i) => i);
    for await (const { id, value, error } of ahead(all, inputs, 3)) {
      task.check();
      if (value !== undefined) data.set(await describe(runner, value), id * spec.dim);
      else if (!failed.has(id)) {
        failed.add(id);
        task.warn(error instanceof CovisError ? `${error.message}: ${error.file ?? ''}` : String(error));
      }
      task.progress(id + 1);
    }
  } finally {
    await runner.release();
    await maker.release();
  }
  return { data, rows: folder.images.length, dim: spec.dim };
}

/** Descriptors side by side; each part keeps unit length, so that both count alike. */
function concatenated(a: Matrix, b: Matrix): Matrix {
  const dim = a.dim + b.dim;
  const data = new Float32Array(a.rows * dim);
  for (let r = 0; r < a.rows; r += 1) {
    data.set(a.data.subarray(r * a.dim, (r + 1) * a.dim), r * dim);
    data.set(b.data.subarray(r * b.dim, (r + 1) * b.dim), r * dim + a.dim);
  }
  return { data, rows: a.rows, dim };
}

interface Tables {
  readonly single: ReadonlyMap<string, number>;
  readonly leaveOneOut: ReadonlyMap<string, number>;
}

async function tables(
  x: Matrix,
  folder: DomainFolder,
  kept: readonly number[],
  seed: number,
  task: TaskContext,
): Promise<Tables> {
  const short = shortNames(folder.domains);
  const of = (domain: number): number[] => kept.filter((i) => folder.images[i]!.domain === domain);
  const labels = folder.images.map((i) => i.label);
  const single = new Map<string, number>();
  const leaveOneOut = new Map<string, number>();
  const all = folder.domains.map((_, d) => d);
  for (const source of all) {
    const model = await learn(x, labels, of(source), folder.classes.length, seed, task);
    for (const target of all)
      if (target !== source) single.set(`${short[source]}>${short[target]}`, accuracy(model, x, labels, of(target)));
  }
  for (const target of all) {
    const sources = all.filter((d) => d !== target).flatMap(of);
    const model = await learn(x, labels, sources, folder.classes.length, seed, task);
    leaveOneOut.set(short[target]!, accuracy(model, x, labels, of(target)));
  }
  return { single, leaveOneOut };
}

/** A classifier of the rows but a tenth, which picks λ. */
async function learn(
  x: Matrix,
  labels: readonly number[],
  rows: readonly number[],
  classes: number,
  seed: number,
  task: TaskContext,
): Promise<Classifier> {
  const shuffled = random(seed + 1).shuffled(rows);
  const held = Math.max(1, Math.round(HELD_OUT * rows.length));
  const seen = shuffled.slice(held);
  const judged = shuffled.slice(0, held);
  let best: { model: Classifier; score: number } | undefined;
  let model: Classifier | undefined;
  for (const lambda of LAMBDAS) {
    model = fitLogistic(x, labels, seen, classes, lambda, model);
    const score = accuracy(model, x, labels, judged);
    // A tie goes to the stronger regularisation.
    if (best === undefined || score > best.score) best = { model, score };
    task.check();
    // Between fits, so that a job can be stopped.
    await new Promise((done) => setImmediate(done));
  }
  return best!.model;
}

function summary(name: string, runs: readonly Tables[]): DomainMethod {
  const over = (
    pick: (t: Tables) => ReadonlyMap<string, number>,
  ): { means: Record<string, number>; spread: Record<string, number> } => {
    const keys = [...pick(runs[0]!).keys()];
    const values = (k: string): number[] => runs.map((r) => pick(r).get(k)!);
    return {
      means: Object.fromEntries(keys.map((k) => [k, mean(values(k))])),
      spread: Object.fromEntries(keys.map((k) => [k, deviation(values(k))])),
    };
  };
  const single = over((t) => t.single);
  const leave = over((t) => t.leaveOneOut);
  const means = runs.map((r) => mean([...r.leaveOneOut.values()]));
  return {
    name,
    single: single.means,
    singleStd: single.spread,
    leaveOneOut: leave.means,
    leaveOneOutStd: leave.spread,
    mean: mean(means),
    std: deviation(means),
  };
}
