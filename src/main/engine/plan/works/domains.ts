/** Domain generalisation: images by parts, then each set of descriptors with each seed. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { DomainFolder } from '../../domains/domain-folder.ts';
import {
  describeImages,
  DOMAIN_SETS,
  domainImages,
  domainReportOf,
  domainSet,
  domainTables,
  keptImages,
  type DomainNetworks,
  type DomainRows,
  type Tables,
} from '../../domains/generalisation.ts';
import { storeExperiment } from '../../library/experiments.ts';
import { hashNow } from '../../library/hash-file.ts';
import type { Library } from '../../library/library.ts';
import { networkFile, readNetworkFile } from '../../network/networks.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Matrix } from '../../retrieval/rank.ts';
import { MOST_ITEMS, plannedPhoto } from '../facts.ts';
import { commonFile, readShard, resultOf, shardFiles, stageOf, writePart, wrongResult, type Plan } from '../folder.ts';
import { bytesOf, decodeBundle, encodeBundle, floatsOf } from './bundle.ts';
import { inputsOf, ofPlannedPhoto } from './planned-photos.ts';
import { parts, shardCount, type Cut, type Outcome, type PlanWork, type Results } from './work.ts';

const DESCRIBE = 'describe';
const LEARN = 'learn';
const SUITABLE = 2000;
/** Files of the plan, in the order in which descriptors are asked for. */
const NETWORKS = ['pretrained', 'tuned', 'edges'] as const;
const DETECTOR = 'detector';

/** What is asked for, with the networks that the command on one machine would take. */
export interface DomainsGiven {
  readonly folder: string;
  readonly drawn?: readonly string[] | undefined;
  readonly seeds: number;
  readonly networks: DomainNetworks;
}

const names = z.array(z.string().min(1).max(4096)).min(2).max(10_000);
const params = z.strictObject({
  folder: z.string().min(1).max(4096),
  domains: names,
  classes: names,
  drawn: z.array(z.boolean()),
  seeds: z.int().min(1).max(1000),
});
const image = z.strictObject({ photo: plannedPhoto, domain: z.int().min(0), label: z.int().min(0) });
const described = z.strictObject({ images: z.array(image).min(1).max(MOST_ITEMS) });
const learned = z.strictObject({
  set: z
    .int()
    .min(0)
    .max(DOMAIN_SETS.length - 1),
  seed: z.int().min(0),
});
/** Images of a shard that cannot be read, and how long a descriptor of each network is. */
const describedSaid = z.strictObject({
  failed: z.array(z.int().min(0)),
  dims: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
});
const table = z.array(z.tuple([z.string().max(8200), z.number()])).max(10_000_000);
const learnedSaid = z.strictObject({ single: table, leaveOneOut: table });

function cut(
  library: Library,
  { folder: at, drawn: asDrawn, seeds, networks }: DomainsGiven,
  shards: number | undefined,
  task: TaskContext,
): Promise<Cut> {
  const root = resolve(at);
  const { folder, drawn } = domainImages({ folder: root, drawn: asDrawn }, task);
  const count = shardCount(folder.images.length, shards, SUITABLE, 'images');
  task.step('Reading images', folder.images.length, 'images');
  const images = folder.images.map(({ file, domain, label }, i): z.output<typeof image> => {
    task.check();
    task.progress(i + 1);
    const { size: bytes, mtimeMs: modified, ctimeMs: changed } = statSync(file);
    return { photo: { hash: hashNow(file), files: [{ path: file, bytes, modified, changed }] }, domain, label };
  });
  const own = [networks.pretrained, networks.fineTuned, networks.edges];
  const detector = networks.edges.spec.edges?.detector ?? '';
  const runs = [...DOMAIN_SETS.keys()].flatMap((set) =>
    Array.from({ length: seeds }, (_, seed) => ({ content: { set, seed }, items: 1 })),
  );
  return Promise.resolve({
    title: `Shapes across domains of ${root}`,
    params: { folder: root, domains: folder.domains, classes: folder.classes, drawn, seeds },
    files: {
      ...Object.fromEntries(
        NETWORKS.map(
          (name, i) => [name, (to: string) => Promise.resolve(writePart(to, networkFile(own[i]!)))] as const,
        ),
      ),
      ...(/^[0-9a-f]{16}$/.test(detector) ? { [DETECTOR]: library.file('detectors', `${detector}.onnx`) } : {}),
    },
    inputs: inputsOf(images.map((i) => i.photo)),
    stages: [
      {
        name: DESCRIBE,
        after: [],
        shards: Array.from(parts(images, count), (some) => ({ content: { images: some }, items: some.length })),
      },
      { name: LEARN, after: [DESCRIBE], shards: runs },
    ],
  });
}

/** A network of the plan; its detector is the plan's, too. */
function networkOf(plan: Plan, name: (typeof NETWORKS)[number]) {
  const { graph, spec } = readNetworkFile(commonFile(plan, name));
  if (spec.edges === undefined || plan.file.files[DETECTOR] === undefined) return { graph, spec };
  return { graph, spec: { ...spec, edges: { ...spec.edges, detector: commonFile(plan, DETECTOR) } } };
}

async function describeShard(plan: Plan, number: number, task: TaskContext): Promise<Outcome> {
  const { drawn } = params.parse(plan.file.params);
  const { images } = readShard(plan, DESCRIBE, number, described);
  const failed = new Set<number>();
  const own = images.map(({ photo, domain, label }) => ({ file: photo.files[0]!.path, domain, label }));
  const rows: Matrix[] = [];
  for (const name of NETWORKS)
    rows.push(
      await describeImages(networkOf(plan, name), own, drawn, failed, task, undefined, (i, work) =>
        ofPlannedPhoto(images[i]!.photo, work),
      ),
    );
  const said = { failed: [...failed].sort((a, b) => a - b), dims: rows.map((r) => r.dim) };
  const bytes = encodeBundle(
    said,
    NETWORKS.map((name, i) => [name, bytesOf(rows[i]!.data)]),
  );
  return { bytes, done: images.length - failed.size };
}

/** All images of a plan with their descriptors. */
function describedOf(plan: Plan, of: (shard: number) => Buffer) {
  const { folder: root, domains, classes } = params.parse(plan.file.params);
  const images: { file: string; domain: number; label: number }[] = [];
  const failed = new Set<number>();
  const found = stageOf(plan, DESCRIBE).shards.map((_, i) => {
    const { result } = shardFiles(plan.folder, DESCRIBE, i + 1);
    const { said, parts: own } = decodeBundle(of(i + 1), result, describedSaid);
    const content = readShard(plan, DESCRIBE, i + 1, described);
    for (const f of said.failed) failed.add(images.length + f);
    for (const { photo, domain, label } of content.images) images.push({ file: photo.files[0]!.path, domain, label });
    const rows = NETWORKS.map((name) => floatsOf(own.get(name) ?? Buffer.alloc(0)));
    if (
      rows.some((r, n) => r.length !== content.images.length * said.dims[n]!) ||
      said.failed.length > content.images.length
    )
      throw wrongResult(result, 'has not the descriptors of its images');
    return { dims: said.dims, rows };
  });
  const whole = NETWORKS.map((_, n): Matrix => {
    const dim = found[0]!.dims[n]!;
    const data = new Float32Array(images.length * dim);
    let at = 0;
    for (const { rows, dims } of found) {
      if (dims[n] !== dim) throw wrongResult(plan.folder, 'has descriptors of another length than the others');
      data.set(rows[n]!, at);
      at += rows[n]!.length;
    }
    return { data, rows: images.length, dim };
  });
  const folder: Pick<DomainFolder, 'domains' | 'classes' | 'images'> = { domains, classes, images };
  return { folder, rows: whole as unknown as DomainRows, kept: keptImages(folder, failed, root) };
}

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  if (stage === DESCRIBE) return describeShard(plan, number, task);
  const { set, seed } = readShard(plan, stage, number, learned);
  const { folder, rows, kept } = describedOf(plan, (i) => resultOf(plan, DESCRIBE, i));
  task.step('Learning classifiers', 1, 'runs');
  const { single, leaveOneOut } = await domainTables(domainSet(rows, set), folder, kept, seed, task);
  return { bytes: encodeBundle({ single: [...single], leaveOneOut: [...leaveOneOut] }, []), done: 1 };
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  const { folder: root, drawn, seeds } = params.parse(plan.file.params);
  const { folder, kept } = describedOf(plan, (i) => results.of(DESCRIBE, i));
  const tables = stageOf(plan, LEARN).shards.map((_, i): Tables => {
    const { result } = shardFiles(plan.folder, LEARN, i + 1);
    const { said } = decodeBundle(results.of(LEARN, i + 1), result, learnedSaid);
    return { single: new Map(said.single), leaveOneOut: new Map(said.leaveOneOut) };
  });
  const measured = [...DOMAIN_SETS.keys()].map((set) => tables.slice(set * seeds, (set + 1) * seeds));
  const name = (n: (typeof NETWORKS)[number]): string => readNetworkFile(commonFile(plan, n)).spec.name;
  const networks = { pretrained: name('pretrained'), fineTuned: name('tuned'), edges: name('edges') };
  const report = domainReportOf(folder, drawn, kept, networks, measured);
  library.transaction(() => {
    storeExperiment(library, 'domains', root, report);
    results.also();
  });
  task.changed('experiments');
  return 1;
}

export const domainsPlan: PlanWork<DomainsGiven> = { work: 'domains', resumable: false, cut, shard, collect };
