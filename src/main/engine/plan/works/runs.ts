/** Sweeps: training runs, one a shard. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { defined } from '../../../../shared/defined.ts';
import type { LadderReport, TrainingParameters } from '../../../../shared/domain.ts';
import type { PlannedWork } from '../../../../shared/facts/planned.ts';
import { adaptProtocol, learnedPart } from '../../../../shared/facts/adapt.ts';
import { miningParameters } from '../../../../shared/facts/mining.ts';
import { trainingParameters } from '../../../../shared/facts/training.ts';
import { narrowed } from '../../library/collection-subset.ts';
import { storeExperiment } from '../../library/experiments.ts';
import type { Library } from '../../library/library.ts';
import { networkRow, repoolNetwork, type NetworkRow } from '../../network/networks.ts';
import type { TaskContext } from '../../queue/context.ts';
import {
  ladderReport,
  measureRung,
  partsOf,
  rungsOf,
  trained,
  type LadderOptions,
  type MeasuredRung,
} from '../../training/ladder.ts';
import { readShard, shardFiles, stageOf, wrongResult, type Plan } from '../folder.ts';
import { packLibrary } from '../library-pack.ts';
import { inWorkLibrary, PACK } from '../work-library.ts';
import { addRun, decodeRun, encodeRun, takeRun, type RunResult } from './run-record.ts';
import type { Cut, Outcome, PlanWork, Results } from './work.ts';

const STAGE = 'train';
const uid = z.string().regex(/^[0-9a-f]{16}$/);
/** As they are: runs with the same parameters are found by their text. */
const asTheyAre = z.custom<TrainingParameters>(
  (v) => trainingParameters.safeParse(v).success,
  'are none of a training',
);

const size = z.int().min(1).max(16_384);

/** What a shard is asked: to train, unless there is nothing to train, and to measure where a rung is told to. */
const runContent = z.strictObject({
  network: uid,
  parameters: asTheyAre.nullable(),
  askedSize: size.optional(),
  /** Bytes that training may take. */
  memory: z.number().positive().optional(),
  measure: z.strictObject({ seed: z.int(), size, mining: miningParameters, part: learnedPart.optional() }).optional(),
});
type RunContent = z.output<typeof runContent>;

/** A run that is to be trained. */
export interface PlannedRun {
  readonly start: NetworkRow;
  readonly parameters: TrainingParameters;
  readonly askedSize?: number | undefined;
  /** Bytes that training may take. */
  readonly memory?: number | undefined;
}

/** What a ladder is asked with, ready to be cut. */
export interface LadderGiven {
  readonly start: NetworkRow;
  readonly base: TrainingParameters;
  readonly options: LadderOptions;
  /** Bytes that training may take. */
  readonly memory?: number | undefined;
}

function cutRuns(
  library: Library,
  title: string,
  params: Cut['params'],
  runs: readonly RunContent[],
  task: TaskContext,
): Cut {
  const networks = runs.map((r) => r.network);
  return {
    title,
    params,
    files: { [PACK]: (to) => packLibrary(library, networks, to, task) },
    inputs: { count: runs.length, sha256: createHash('sha256').update(JSON.stringify(runs)).digest('hex') },
    stages: [{ name: STAGE, after: [], shards: runs.map((content) => ({ content, items: 1 })) }],
  };
}

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  const content = readShard(plan, stage, number, runContent);
  const { value, written } = await inWorkLibrary(plan, stage, number, task, (library) =>
    narrowed(library, content.parameters?.collection, () => doRun(library, content, task)),
  );
  return { ...value, done: 1, written };
}

async function doRun(
  library: Library,
  { network, parameters, askedSize, memory, measure }: RunContent,
  task: TaskContext,
): Promise<{ readonly bytes: Uint8Array; readonly times?: readonly number[] }> {
  const start = networkRow(library, network);
  const result = parameters === null ? start : await trained(library, start, parameters, task, { askedSize, memory });
  const measured = measure === undefined ? null : await measureRung(library, measure, result, measure, task);
  if (parameters === null) return { bytes: encodeRun({ measured, run: null }) };
  const taken = takeRun(library, start, parameters);
  return { bytes: encodeRun({ measured, run: taken.run }, taken.network), times: taken.times };
}

/** What all shards gave, checked. */
function resultsOf(plan: Plan, results: Results, task: TaskContext) {
  const { shards } = stageOf(plan, STAGE);
  task.step('Reading results', shards.length, 'shards');
  return shards.map((_, i) => {
    task.check();
    const number = i + 1;
    const content = readShard(plan, STAGE, number, runContent);
    const file = shardFiles(plan.folder, STAGE, number).result;
    const { result, network } = decodeRun(results.of(STAGE, number), file);
    task.progress(number);
    return { content, result, network, times: results.said(STAGE, number).times ?? [], file };
  });
}

/** Takes runs up, and what is made of all of them. @returns how many are new. */
function takeUp(
  library: Library,
  plan: Plan,
  results: Results,
  task: TaskContext,
  also: (all: readonly RunResult[]) => void = () => undefined,
): number {
  const all = resultsOf(plan, results, task);
  const added = library.transaction(() => {
    let count = 0;
    for (const { content, result, network, times, file } of all) {
      if (content.parameters === null || result.run === null) continue;
      const start = networkRow(library, content.network);
      if (addRun(library, start, content.parameters, { run: result.run, network, times }, file)) count += 1;
    }
    also(all.map((a) => a.result));
    results.also();
    return count;
  });
  for (const what of ['training', 'networks', 'mining', 'experiments']) task.changed(what);
  return added;
}

function runsPlan(work: Extract<PlannedWork, 'seeds' | 'presets'>, title: string): PlanWork<readonly PlannedRun[]> {
  return {
    work,
    resumable: true,
    roundedByThreads: true,
    cut: async (library, runs, _shards, task) =>
      cutRuns(
        library,
        `${title} of ${runs[0]!.start.spec.name}`,
        {},
        runs.map(({ start, parameters, askedSize, memory }) => ({
          network: start.uid,
          parameters,
          ...defined({ askedSize, memory }),
        })),
        task,
      ),
    shard,
    collect: takeUp,
  };
}

export const seedsPlan = runsPlan('seeds', 'Train with several seeds');
export const presetsPlan = runsPlan('presets', 'Train by several recipes');

const ladderParams = z.strictObject({
  network: z.string().max(2000),
  base: asTheyAre,
  options: z.strictObject({
    poolings: z
      .array(z.enum(['mac', 'gem']))
      .min(1)
      .max(2),
    seeds: z.int().min(1).max(100),
    protocol: adaptProtocol.optional(),
    parts: z.int().positive().optional(),
  }),
});

export const ladderPlan: PlanWork<LadderGiven> = {
  work: 'ladder',
  resumable: true,
  roundedByThreads: true,
  cut: async (library, { start, base, options, memory }, _shards, task) =>
    cutRuns(
      library,
      `Component contributions of ${start.spec.name}`,
      { network: start.spec.name, base, options },
      rungsOf(base, options, partsOf(library, base, options)).map(({ seed, pooling, parameters, part }) => ({
        network: repoolNetwork(library, start, pooling, true).uid,
        parameters,
        ...defined({ memory }),
        measure: { seed, size: base.size, mining: base.mining, ...defined({ part }) },
      })),
      task,
    ),
  shard,
  collect: (library, plan, results, task) => {
    const { network, base, options } = ladderParams.parse(plan.file.params);
    return takeUp(library, plan, results, task, (all) => {
      const measured = rungsOf(base, options).map((rung, i): MeasuredRung => {
        const found = all[i]?.measured ?? null;
        if (found === null) throw wrongResult(shardFiles(plan.folder, STAGE, i + 1).result, 'measured nothing');
        return { rung, ...found };
      });
      const report: LadderReport = ladderReport(network, base, options, measured);
      storeExperiment(library, 'ladder', '', report);
    });
  },
};
