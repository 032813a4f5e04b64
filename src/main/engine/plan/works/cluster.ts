/** From a folder of photos to clusters: the stages of matching, then scenes, as many shards of each. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import {
  builtScene,
  findScenes,
  isPartOf,
  reconstructScene,
  sceneFacts,
  type FoundScenes,
} from '../../clustering/build-scenes.ts';
import { commitScenes, takePhotos } from '../../clustering/cluster.ts';
import { colmapVersion } from '../../clustering/colmap.ts';
import { noteApart } from '../../clustering/judge-pairs.ts';
import { writeWhole } from '../../formats/beside.ts';
import type { Features } from '../../features/sift.ts';
import type { Library } from '../../library/library.ts';
import { ownJsonIn } from '../../library/own-json.ts';
import { allPhotos } from '../../library/photos.ts';
import { integer, select } from '../../library/rows.ts';
import type { TaskContext } from '../../queue/context.ts';
import { MIN_INLIERS } from '../../sfm/match-tracks.ts';
import { MOST_SHARDS, photoHash } from '../facts.ts';
import { commonFile, readShard, resultFile, shardFiles, stageOf, wrongResult, type Plan } from '../folder.ts';
import { inWorkLibrary } from '../work-library.ts';
import { BundleFile, decodeBundle, encodeBundle, writeBundle } from './bundle.ts';
import { PlannedFeatures } from './features.ts';
import {
  cutMatches,
  MATCH,
  matchesInto,
  matchesShard,
  matchParams,
  takeWords,
  WORDS,
  writeMatches,
} from './matches.ts';
import type { Cut, Outcome, PlanWork, Results } from './work.ts';

const SCENES = 'scenes';
const params = matchParams.extend({
  minInliers: z.int().min(1).max(100_000),
  tellApart: z.boolean(),
  reconstruct: z.boolean(),
});
const part = z.strictObject({ of: z.int().min(1).max(MOST_SHARDS) });
const said = z.strictObject({ colmap: z.boolean() });
/** What lies in a library's folder of a scene. */
const PLACE = /^[0-9a-f]{16}\/(done\.json|database\.db|sparse\/(grown-)?\d{1,9}\/[A-Za-z0-9_]{1,64}\.(bin|txt|ini))$/;

/** Files of finished scenes, as paths in the folder of scenes. @param only keys; all where left out. */
function sceneFiles(library: Library, only?: ReadonlySet<string>): string[] {
  const root = library.file(SCENES);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => relative(root, join(e.parentPath, e.name)).split(sep).join('/'))
    .filter((f) => PLACE.test(f) && only?.has(f.slice(0, 16)) !== false)
    .sort();
}

const DONE = '/done.json';
/** What says that a scene is finished comes last. */
const lastly = (names: Iterable<string>): string[] =>
  [...names].sort((a, b) => Number(a.endsWith(DONE)) - Number(b.endsWith(DONE)));

function sceneInto(library: Library, name: string, bytes: Uint8Array, file: string): void {
  if (!PLACE.test(name)) throw wrongResult(file, `has a file of no scene: ${name.slice(0, 100)}`);
  const to = join(library.file(SCENES), name);
  mkdirSync(dirname(to), { recursive: true });
  writeWhole(to, bytes, { force: true, flush: false });
}

async function cut(
  library: Library,
  { photos, neighbours, words, seed, collection, minInliers, tellApart, reconstruct }: Asked<'cluster'>,
  shards: number | undefined,
  task: TaskContext,
): Promise<Cut> {
  const given = { photos, neighbours, words, seed, collection };
  const own = { minInliers: minInliers ?? MIN_INLIERS, tellApart, reconstruct };
  const matched = await cutMatches(library, 'Find places in', given, shards, task, own);
  const of = matched.stages.find((s) => s.name === MATCH)!.shards as unknown as { length: number };
  const finished = reconstruct ? sceneFiles(library) : [];
  const at = (f: string): string => join(library.file(SCENES), f);
  return {
    ...matched,
    // A scene that was built before is gone on from.
    files: {
      ...matched.files,
      ...(finished.length === 0
        ? {}
        : {
            [SCENES]: (to) =>
              Promise.resolve(
                writeBundle(
                  to,
                  null,
                  finished.map((f) => ({ name: f, bytes: statSync(at(f)).size, read: () => readFileSync(at(f)) })),
                ),
              ),
          }),
    },
    stages: [
      ...matched.stages,
      {
        name: SCENES,
        after: [WORDS, MATCH],
        shards: Array.from({ length: of.length }, () => ({ content: { of: of.length }, items: 1 })),
      },
    ],
  };
}

/** Scenes among the photos that were matched. @param featuresOf where the library has none. */
function scenesIn(
  library: Library,
  plan: Plan,
  task: TaskContext,
  featuresOf?: (hash: string) => Features,
): FoundScenes {
  const { minInliers, tellApart } = params.parse(plan.file.params);
  const words = BundleFile.open(resultFile(plan, WORDS, 1), z.strictObject({ hashes: z.array(photoHash) }));
  const own = new Set(words.said.hashes);
  words.close();
  const known = new Map(allPhotos(library).flatMap((p) => (own.has(p.hash) ? [[p.id, p] as const] : [])));
  return findScenes(library, known, minInliers, tellApart, task, featuresOf);
}

/** Takes those of the finished scenes that are among the photos of these scenes: others are of no use to them. */
function takeFinished(library: Library, plan: Plan, scenes: FoundScenes['scenes']): void {
  if (plan.file.files[SCENES] === undefined) return;
  const mine = new Set(sceneFiles(library));
  const sets = scenes.map((s) => new Set(s.photos.map((p) => p.hash)));
  const before = BundleFile.open(commonFile(plan, SCENES), z.null());
  try {
    const names = lastly(before.names());
    const useful = new Set<string>();
    for (const name of names.filter((n) => n.endsWith(DONE))) {
      const facts = ownJsonIn(before.read(name)!, before.file, sceneFacts);
      if (facts !== undefined && sets.some((set) => isPartOf(facts, set))) useful.add(name.slice(0, 16));
    }
    for (const name of names)
      if (useful.has(name.slice(0, 16)) && !mine.has(name)) sceneInto(library, name, before.read(name)!, before.file);
  } finally {
    before.close();
  }
}

/** Every so-manieth scene, the largest first. Those that are finished stay in the shard's library while it is not done. */
async function scenesShard(plan: Plan, number: number, task: TaskContext): Promise<Outcome> {
  const { of } = readShard(plan, SCENES, number, part);
  const colmap = params.parse(plan.file.params).reconstruct && colmapVersion() !== null;
  // Without COLMAP a scene's clusters are of its matches, which are there when they are collected.
  if (!colmap) return { bytes: encodeBundle({ colmap }, []), done: 1 };
  const { value, written } = await inWorkLibrary(plan, SCENES, number, task, async (library) => {
    matchesInto(library, plan, task);
    // Pairs are judged all together, by the features where they lie in the plan: COLMAP finds its own.
    const features = PlannedFeatures.open(plan);
    let found: FoundScenes;
    try {
      found = scenesIn(library, plan, task, (hash) => features.of(hash));
    } finally {
      features.close();
    }
    const { scenes } = found;
    takeFinished(
      library,
      plan,
      scenes.filter((_, i) => i % of === number - 1),
    );
    const keys = new Set<string>();
    for (const [i, scene] of scenes.entries()) {
      if (i % of !== number - 1) continue;
      task.check();
      const place = `scene ${i + 1} of ${scenes.length}`;
      task.step(`Features of ${place}`, scene.photos.length, 'photos');
      keys.add(await reconstructScene(library, scene, place, task));
    }
    const root = library.file(SCENES);
    return encodeBundle(
      { colmap },
      sceneFiles(library, keys).map((f) => [f, readFileSync(join(root, f))] as const),
    );
  });
  return { bytes: value, done: 1, written };
}

function collect(library: Library, plan: Plan, results: Results, task: TaskContext): number {
  const { root } = params.parse(plan.file.params);
  takeWords(library, plan, results, task);
  const colmap = stageOf(plan, SCENES).shards.map((_, i) => {
    const { result } = shardFiles(plan.folder, SCENES, i + 1);
    const own = decodeBundle(results.of(SCENES, i + 1), result, said);
    for (const key of new Set([...own.parts.keys()].map((name) => name.slice(0, 16))))
      if (/^[0-9a-f]{16}$/.test(key)) rmSync(join(library.file(SCENES), key), { recursive: true, force: true });
    for (const name of lastly(own.parts.keys())) sceneInto(library, name, own.parts.get(name)!, result);
    return own.said.colmap;
  });
  if (params.parse(plan.file.params).reconstruct && !colmap.every(Boolean))
    task.warn(
      'COLMAP is not installed on every machine of the plan: clusters of the scenes that these had are of verified matches, without 3D',
    );
  const staging = library.staging();
  const count = select(library.db, "SELECT COUNT(*) FROM cluster_all WHERE state <> 'replaced'", integer);
  try {
    let noted = false;
    const [before, after] = library.transaction(() => {
      const had = count.one();
      writeMatches(library, plan, results.of, task);
      const { verified, judged, scenes } = scenesIn(library, plan, task);
      noteApart(library, verified, judged);
      const built = scenes.map((scene, i) => builtScene(library, scene, colmap[i % colmap.length]!, staging, task));
      noted = commitScenes(library, root, built, task);
      results.also();
      return [had, count.one()] as const;
    });
    for (const what of ['matches', 'clusters', ...(noted ? ['decisions'] : [])]) task.changed(what);
    return Math.max(0, after - before);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

export const clusterPlan: PlanWork<Asked<'cluster'>> = {
  work: 'cluster',
  resumable: true,
  begin: (library, { photos }, task) => takePhotos(library, resolve(photos), task),
  cut,
  shard: (plan, stage, number, task) =>
    stage === SCENES ? scenesShard(plan, number, task) : matchesShard(plan, stage, number, task),
  collect,
};
