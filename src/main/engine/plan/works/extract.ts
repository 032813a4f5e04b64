import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { NetworkSpec } from '../../../../shared/domain.ts';
import { PRECISIONS, type Precision } from '../../../../shared/facts/backends.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { networkSpec } from '../../../../shared/facts/networks.ts';
import { size as photoSize } from '../../../../shared/fields.ts';
import { decodeEdgeMap, encodeEdgeMap, mirrorEdgeMap } from '../../edges/edge-map.ts';
import { openDetector, type EdgeDetector } from '../../edges/detector.ts';
import { edgeMapsOf } from '../../edges/edge-source.ts';
import { edgeNetworkOf } from '../../edges/library-networks.ts';
import { defaultSize, edgeInput, InputMaker, sidesOf, type NetworkInput } from '../../inputs/inputs.ts';
import { narrowed } from '../../library/collection-subset.ts';
import type { Library } from '../../library/library.ts';
import { ahead } from '../../library/prefetch.ts';
import { networkRow, resolveNetwork } from '../../network/networks.ts';
import { parseOnnx } from '../../network/onnx/file.ts';
import { normalise } from '../../network/onnx/normalise.ts';
import { chosenPrecision, openRunner } from '../../network/computing.ts';
import {
  addDescriptors,
  describeStream,
  heldPrecision,
  refuseOtherPrecision,
  undescribed,
} from '../../retrieval/extract.ts';
import type { TaskContext } from '../../queue/context.ts';
import { MOST_ITEMS, plannedPhoto, type PlannedPhoto } from '../facts.ts';
import { commonFile, readShard, shardFiles, stageOf, type Plan } from '../folder.ts';
import { decodeRows, encodeRows, type Described } from './extract-result.ts';
import { inputsOf, ofPlannedPhoto, plannedPhotos } from './planned-photos.ts';
import { parts, shardCount, type Cut, type Outcome, type PlanWork, type Results } from './work.ts';

const STAGE = 'extract';
/** Starting a process and its network takes some seconds, which is little beside so many photos. */
const SUITABLE = 4000;

const params = z.strictObject({
  network: z.string().regex(/^[0-9a-f]{16}$/),
  size: photoSize,
  spec: networkSpec,
  /** Left out by plans of earlier versions, which are of single. */
  precision: z.enum(PRECISIONS).default('single'),
});
const shardContent = z.strictObject({ photos: z.array(plannedPhoto).min(1).max(MOST_ITEMS) });

/** What is asked for, as of `covis extract`. */
export interface ExtractGiven {
  readonly network?: string | undefined;
  readonly size?: number | undefined;
  readonly precision?: Precision | undefined;
  readonly domain?: 'photos' | 'edges' | undefined;
  readonly collection?: string | undefined;
}

function cut(library: Library, given: ExtractGiven, shards: number | undefined): Promise<Cut> {
  return narrowed(library, given.collection, async () => {
    const network =
      given.domain === 'edges'
        ? await edgeNetworkOf(library, given.network)
        : await resolveNetwork(library, given.network, 'default');
    const size = given.size ?? defaultSize(network.spec);
    refuseOtherPrecision(library, network, size, given.precision);
    const precision = given.precision ?? heldPrecision(library, network, size) ?? chosenPrecision();
    const missing = undescribed(library, network, size);
    if (missing.length === 0)
      throw new CovisError('STATE_EMPTY', `All photos have descriptors of ${network.spec.name} at ${size} px already`);
    const count = shardCount(missing.length, shards, SUITABLE, 'photos');
    const photos = plannedPhotos(library, new Set(missing.map((p) => p.id)));
    const detector = network.spec.edges?.detector ?? '';
    return {
      title: `Extract descriptors of ${network.spec.name}`,
      params: { network: network.uid, size, spec: network.spec, precision },
      files: {
        network: library.file('networks', `${network.uid}.onnx`),
        ...(/^[0-9a-f]{16}$/.test(detector) ? { detector: library.file('detectors', `${detector}.onnx`) } : {}),
      },
      inputs: inputsOf(photos),
      stages: [
        {
          name: STAGE,
          after: [],
          shards: (function* () {
            for (const some of parts(photos, count)) yield { content: { photos: some }, items: some.length };
          })(),
        },
      ],
    };
  });
}

/** Turns photos of a plan into inputs as a library's are: edge maps pass through the file format that a library keeps them in. */
class PlannedInputs {
  readonly #spec: NetworkSpec;
  readonly #size: number;
  readonly #maker: InputMaker | undefined;
  readonly #detector: EdgeDetector | undefined;

  private constructor(spec: NetworkSpec, size: number, maker?: InputMaker, detector?: EdgeDetector) {
    this.#spec = spec;
    this.#size = size;
    this.#maker = maker;
    this.#detector = detector;
  }

  static async create(plan: Plan, spec: NetworkSpec, size: number): Promise<PlannedInputs> {
    if (spec.edges === undefined) return new PlannedInputs(spec, size, await InputMaker.create(spec, size));
    const own = plan.file.files['detector'] === undefined ? spec.edges.detector : commonFile(plan, 'detector');
    return new PlannedInputs(spec, size, undefined, await openDetector(own));
  }

  of(photo: PlannedPhoto): Promise<NetworkInput[]> {
    return ofPlannedPhoto(photo, (file) => (this.#maker === undefined ? this.#ofMaps(file) : this.#maker.ofFile(file)));
  }

  async #ofMaps(file: string): Promise<NetworkInput[]> {
    const edges = this.#spec.edges!;
    const maps = await edgeMapsOf(this.#detector!, file, sidesOf(edges, this.#size));
    const kept = await Promise.all(maps.map(async (m) => decodeEdgeMap(await encodeEdgeMap(m))));
    return kept.flatMap((m) => [
      edgeInput(m, edges.padding, this.#spec),
      ...(edges.mirror ? [edgeInput(mirrorEdgeMap(m), edges.padding, this.#spec)] : []),
    ]);
  }

  async release(): Promise<void> {
    await (this.#maker ?? this.#detector)?.release();
  }
}

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  const { size, spec, precision } = params.parse(plan.file.params);
  const { photos } = readShard(plan, stage, number, shardContent);
  const file = commonFile(plan, 'network');
  const graph = normalise(parseOnnx(readFileSync(file), file), file);
  const inputs = await PlannedInputs.create(plan, spec, size);
  const rows: Described[] = [];
  try {
    const runner = await openRunner(graph, { precision });
    try {
      task.step(`Describing photos with ${spec.name}`, photos.length, 'photos');
      const images = ahead(Array.from(photos.keys()), (i) => inputs.of(photos[i]!));
      await describeStream(runner, images, task, (i, row) => rows.push([photos[i]!.hash, row.slice()]));
    } finally {
      await runner.release();
    }
  } finally {
    await inputs.release();
  }
  return { bytes: encodeRows(rows, spec.dim), done: rows.length };
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  const { network, size, precision } = params.parse(plan.file.params);
  const row = networkRow(library, network);
  const { shards } = stageOf(plan, STAGE);
  const rows = new Map<string, Float32Array>();
  task.step('Reading results', shards.length, 'shards');
  for (let i = 1; i <= shards.length; i += 1) {
    task.check();
    const file = shardFiles(plan.folder, STAGE, i);
    const { photos } = readShard(plan, STAGE, i, shardContent);
    const own = new Set(photos.map((p) => p.hash));
    for (const [hash, d] of decodeRows(results.of(STAGE, i), row.spec.dim, file.result)) {
      if (!own.delete(hash))
        throw new CovisError('INPUT_CORRUPT', 'This result has descriptors of photos that its shard does not', {
          file: file.result,
          hint: 'Delete it with its .done and do the shard again: covis retry PLAN',
        });
      rows.set(hash, d);
    }
    task.progress(i);
  }
  return addDescriptors(library, row, size, (hash) => rows.get(hash), precision, task, results.also);
}

export const extractPlan: PlanWork<ExtractGiven> = { work: 'extract', resumable: false, cut, shard, collect };
