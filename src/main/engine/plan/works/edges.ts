/** Edge maps of a folder, some photos a shard. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { CLASSICAL, EMBEDDED_DETECTOR } from '../../../../shared/jobs/edges.ts';
import { PIXELS } from '../../../../shared/facts/pixels.ts';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import { openDetector } from '../../edges/detector.ts';
import { edgeMapFile, edgeTargets } from '../../edges/edge-folder.ts';
import { writeFolder } from '../../formats/beside.ts';
import { outsideLibraries } from '../../formats/target.ts';
import { hashNow } from '../../library/hash-file.ts';
import type { Library } from '../../library/library.ts';
import { PREPROCESSING } from '../../network/preprocessing.ts';
import type { TaskContext } from '../../queue/context.ts';
import { MOST_ITEMS, plannedPhoto } from '../facts.ts';
import { commonFile, readShard, shardFiles, stageOf, wrongResult, type Plan } from '../folder.ts';
import { decodeBundle, encodeBundle } from './bundle.ts';
import { inputsOf, ofPlannedPhoto } from './planned-photos.ts';
import { parts, shardCount, type Cut, type Outcome, type PlanWork, type Results } from './work.ts';

const STAGE = 'edges';
const SUITABLE = 4000;
const BUILT_IN: readonly string[] = [CLASSICAL, EMBEDDED_DETECTOR];

/** Within a folder, whatever it says. */
const within = z
  .string()
  .min(1)
  .max(4096)
  .refine((p) => !isAbsolute(p) && !p.includes('\0') && !normalize(p).startsWith('..'), 'leads out of its folder');
const params = z.strictObject({
  into: z.string().min(1).max(4096),
  /** One that every Covis has; left out, it is a file of the plan. */
  detector: z.enum([CLASSICAL, EMBEDDED_DETECTOR]).optional(),
  pixels: z.enum(PIXELS).optional(),
  size: z.int().min(16).max(16_384),
  force: z.boolean().optional(),
});
const content = z.strictObject({
  photos: z
    .array(z.strictObject({ target: within, photo: plannedPhoto }))
    .min(1)
    .max(MOST_ITEMS),
});

async function cut(
  _library: Library,
  asked: Asked<'edges'>,
  shards: number | undefined,
  task: TaskContext,
): Promise<Cut> {
  const { into, detector: _named, ...rest } = asked;
  const { photos, out, targets, leftOut, detector, options } = edgeTargets({ ...asked, out: into });
  for (const said of leftOut) task.warn(said);
  const own = detector === undefined || BUILT_IN.includes(detector);
  // Before hours of nothing.
  await (await openDetector(detector, undefined, options)).release();
  const count = shardCount(targets.size, shards, SUITABLE, 'photos');
  task.step('Reading photos', targets.size, 'photos');
  const all = [...targets].map(([target, name], i) => {
    task.check();
    task.progress(i + 1);
    const path = join(photos, name);
    const { size: bytes, mtimeMs: modified, ctimeMs: changed } = statSync(path);
    return { target, photo: { hash: hashNow(path), files: [{ path, bytes, modified, changed }] } };
  });
  const { pixels, size, force } = rest;
  return {
    title: `Edge maps of ${photos}`,
    params: { into: out, ...(own ? { detector: detector ?? EMBEDDED_DETECTOR } : {}), pixels, size, force },
    files: own ? {} : { detector },
    inputs: inputsOf(all.map((a) => a.photo)),
    stages: [
      {
        name: STAGE,
        after: [],
        shards: Array.from(parts(all, count), (some) => ({ content: { photos: some }, items: some.length })),
      },
    ],
  };
}

async function shard(plan: Plan, stage: string, number: number, task: TaskContext): Promise<Outcome> {
  const { detector: named, pixels, size } = params.parse(plan.file.params);
  const { photos } = readShard(plan, stage, number, content);
  const detector = await openDetector(named ?? commonFile(plan, 'detector'), undefined, {
    preprocess: pixels === undefined ? undefined : PREPROCESSING[pixels],
  });
  const maps: [string, Uint8Array][] = [];
  task.step(`Finding edges with ${detector.name}`, photos.length, 'photos');
  try {
    for (const [i, { target, photo }] of photos.entries()) {
      task.check();
      try {
        maps.push([target, await ofPlannedPhoto(photo, (file) => edgeMapFile(detector, file, size))]);
      } catch (error) {
        if (!(error instanceof CovisError) || !['INPUT_CORRUPT', 'INPUT_MISSING'].includes(error.code)) throw error;
        task.warn(`${error.message}: ${error.file ?? target}`);
      }
      task.progress(i + 1);
    }
  } finally {
    await detector.release();
  }
  return { bytes: encodeBundle(null, maps), done: maps.length };
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  const { into, force } = params.parse(plan.file.params);
  const out = outsideLibraries(into);
  const { shards } = stageOf(plan, STAGE);
  let written = 0;
  library.transaction(() => {
    writeFolder(out, { force }, (staging) => {
      task.step('Writing edge maps', shards.length, 'shards');
      for (let i = 1; i <= shards.length; i += 1) {
        task.check();
        const own = new Set(readShard(plan, STAGE, i, content).photos.map((p) => p.target));
        const { result } = shardFiles(plan.folder, STAGE, i);
        for (const [target, bytes] of decodeBundle(results.of(STAGE, i), result, z.null()).parts) {
          if (!own.delete(target)) throw wrongResult(result, 'has maps of photos that its shard does not');
          const file = join(staging, target);
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, bytes);
          written += 1;
        }
        task.progress(i);
      }
    });
    results.also();
  });
  return written;
}

export const edgesPlan: PlanWork<Asked<'edges'>> = { work: 'edges', resumable: false, cut, shard, collect };
