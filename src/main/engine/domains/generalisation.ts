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

/** Names of the sets of descriptors that are compared, in the order of {@link domainSet}. */
export const DOMAIN_SETS = [
  'Pre-trained RGB',
  'Fine-tuned RGB',
  'EdgeMAC',
  'Pre-trained RGB + EdgeMAC',
  'Fine-tuned RGB + EdgeMAC',
] as const;

/** The folder of an experiment, and which of its domains are drawings. */
export interface DomainImages {
  readonly folder: DomainFolder;
  readonly drawn: readonly boolean[];
}

/** @throws CovisError `INPUT_*` for the folder, and for a domain that it has not. */
export function domainImages(options: Pick<DomainOptions, 'folder' | 'drawn'>, task: TaskContext): DomainImages {
  const folder = readDomains(options.folder);
  folder.warnings.forEach((w) => task.warn(w));
  const unknown = options.drawn?.filter((d) => !folder.domains.includes(d)) ?? [];
  if (unknown.length > 0)
    throw new CovisError('INPUT_INVALID', `There is no domain ${unknown.join(', ')}`, {
      file: options.folder,
      hint: `The domains are ${folder.domains.join(', ')}.`,
    });
  return { folder, drawn: folder.domains.map((d) => options.drawn?.includes(d) ?? looksDrawn(d)) };
}

/** Descriptors by each of the three networks, in the order of {@link DomainNetworks}. */
export type DomainRows = readonly [pretrained: Matrix, fineTuned: Matrix, edges: Matrix];

/** The descriptors of one of {@link DOMAIN_SETS}. */
export function domainSet([a, b, c]: DomainRows, set: number): Matrix {
  return [() => a, () => b, () => c, () => concatenated(a, c), () => concatenated(b, c)][set]!();
}

/** Images that could be read. @throws CovisError `INPUT_INVALID` for a domain with fewer than two of them. */
export function keptImages(
  { domains, images }: Pick<DomainFolder, 'domains' | 'images'>,
  failed: ReadonlySet<number>,
  where: string,
): number[] {
  const kept = images.flatMap((_, i) => (failed.has(i) ? [] : [i]));
  domains.forEach((name, domain) => {
    if (kept.filter((i) => images[i]!.domain === domain).length < 2)
      throw new CovisError('INPUT_INVALID', `Domain ${name} has fewer than two images that can be read`, {
        file: where,
        hint: 'Give each domain at least two photos that can be decoded; the warnings name those that cannot.',
      });
  });
  return kept;
}

/** The report of an experiment. @param measured by set, then by seed. */
export function domainReportOf(
  folder: Pick<DomainFolder, 'domains' | 'classes' | 'images'>,
  drawn: readonly boolean[],
  kept: readonly number[],
  networks: DomainReport['networks'],
  measured: readonly (readonly Tables[])[],
): DomainReport {
  const count = (label: number): Record<string, number> =>
    Object.fromEntries(
      folder.domains.map((d, domain) => [
        d,
        kept.filter((i) => folder.images[i]!.domain === domain && folder.images[i]!.label === label).length,
      ]),
    );
  return {
    domains: [...folder.domains],
    labels: shortNames(folder.domains),
    classes: [...folder.classes],
    photosPerClass: Object.fromEntries(folder.classes.map((name, label) => [name, count(label)])),
    chance: 1 / folder.classes.length,
    drawn: folder.domains.filter((_, i) => drawn[i]),
    seeds: measured[0]!.length,
    networks,
    unreadable: folder.images.length - kept.length,
    methods: measured.map((runs, i) => summary(DOMAIN_SETS[i]!, runs)),
  };
}

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
  const { folder, drawn } = domainImages(options, task);
  const failed = new Set<number>();
  const describe = (network: Ready): Promise<Matrix> =>
    describeImages(network, folder.images, drawn, failed, task, library);
  const rows = [
    await describe(networks.pretrained),
    await describe(networks.fineTuned),
    await describe(networks.edges),
  ] as const;
  const kept = keptImages(folder, failed, options.folder);
  task.step('Learning classifiers', DOMAIN_SETS.length * options.seeds, 'runs');
  let runs = 0;
  const measured: Tables[][] = [];
  for (const set of DOMAIN_SETS.keys()) {
    const x = domainSet(rows, set);
    const own: Tables[] = [];
    for (let seed = 0; seed < options.seeds; seed += 1) {
      own.push(await domainTables(x, folder, kept, seed, task));
      task.progress((runs += 1));
    }
    measured.push(own);
  }
  const names = {
    pretrained: networks.pretrained.spec.name,
    fineTuned: networks.fineTuned.spec.name,
    edges: networks.edges.spec.name,
  };
  return domainReportOf(folder, drawn, kept, names, measured);
}

type Ready = Pick<LoadedNetwork, 'graph' | 'spec'>;

/**
 * Descriptors of images, in their order; those that cannot be decoded are said, noted and left as zeros.
 * @param drawn by domain. @param failed images by their place; those that are in it were said before. @param reading
 * an image's file.
 */
export async function describeImages(
  network: Ready,
  images: readonly DomainImage[],
  drawn: readonly boolean[],
  failed: Set<number>,
  task: TaskContext,
  library?: Library,
  reading: <T>(image: number, work: (file: string) => Promise<T>) => Promise<T> = (i, work) => work(images[i]!.file),
): Promise<Matrix> {
  const { spec, graph } = network;
  task.step(`Describing images with ${spec.name}`, images.length, 'images');
  const data = new Float32Array(images.length * spec.dim);
  const maker = await InputMaker.create(spec, defaultSize(spec), library);
  const runner = await openRunner(graph);
  const inputs = (i: number) =>
    reading(i, async (file) =>
      spec.edges !== undefined && drawn[images[i]!.domain]
        ? maker.ofDrawing(await readDrawing(file))
        : maker.ofFile(file),
    );
  try {
    const all = images.map((_, i) => i);
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
  return { data, rows: images.length, dim: spec.dim };
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

/** Accuracies of one seed, by `source>target` and by target. */
export interface Tables {
  readonly single: ReadonlyMap<string, number>;
  readonly leaveOneOut: ReadonlyMap<string, number>;
}

/** Learns on every domain and on all but one, and tests on the others. */
export async function domainTables(
  x: Matrix,
  folder: Pick<DomainFolder, 'domains' | 'classes' | 'images'>,
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
