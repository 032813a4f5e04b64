/**
 * Pairs of photos that geometry joins, true and false by label, as every verified pair and as told apart (engine/clustering/objects.ts).
 * `node test/bench/told-apart.ts LIBRARY [--only Canon.jpg,Palm.jpg]`, of a library of matches whose photos lie in a folder for each label;
 * `--models FOLDER` takes COLMAP models in its place, whose pairs are all true: what is lost of them.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { judgePairs } from '../../src/main/engine/clustering/judge-pairs.ts';
import { verifiedPairs, type StoredMatch } from '../../src/main/engine/clustering/matches.ts';
import { tellApart, type Apart, type RegionPair } from '../../src/main/engine/clustering/objects.ts';
import { regionOf, type Sides } from '../../src/main/engine/clustering/regions.ts';
import { scenesOf } from '../../src/main/engine/clustering/scenes.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { allPhotos } from '../../src/main/engine/library/photos.ts';
import { select, text } from '../../src/main/engine/library/rows.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { readColmapBinary } from '../../src/main/engine/sfm/colmap-binary.ts';
import { MIN_INLIERS } from '../../src/main/engine/sfm/match-tracks.ts';

const SURE = 3 * MIN_INLIERS;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, models: { type: 'string' } },
});

function ofLibrary(path: string): void {
  const library = Library.open(path);
  const name = select(library.db, 'SELECT name FROM known_file WHERE photo_id = ? ORDER BY name LIMIT 1', text);
  const only = values.only?.split(',');
  const photos = new Map(
    allPhotos(library)
      .filter((p) => only === undefined || only.includes(basename(name.one(p.id))))
      .map((p) => [p.id, p]),
  );
  const labelOf = (id: number): string => name.one(id).split('/')[0]!;
  const verified = verifiedPairs(library, new Set(photos.keys()), MIN_INLIERS);
  const all = verified.filter((v) => labelOf(v.a) === labelOf(v.b)).length;
  const say = (what: string, joining: readonly StoredMatch[], scenes: readonly number[][]): void => {
    const inScene = new Map(scenes.flatMap((s, i) => s.map((p) => [p, i] as const)));
    const kept = joining.filter((v) => inScene.has(v.a) && inScene.get(v.a) === inScene.get(v.b));
    const right = kept.filter((v) => labelOf(v.a) === labelOf(v.b)).length;
    const mixed = scenes.filter((s) => new Set(s.map(labelOf)).size > 1).length;
    console.log(
      `${what}: ${right} true, ${kept.length - right} false, precision ${(right / kept.length).toFixed(4)}, recall ${(right / all).toFixed(4)}; ${scenes.length} places, ${mixed} mixed, ${inScene.size} of ${photos.size} photos`,
    );
  };
  say('every verified pair', verified, scenesOf(verified, SURE));
  const judged = judgePairs(library, photos, verified, SURE, silentContext());
  const joining = verified.filter((_, k) => judged[k] === null);
  say('told apart', joining, scenesOf(joining, 0));
  library.close();
}

/** Pairs of one model that share enough points, as if their shared points were matches. */
function pairsOfModel(path: string): { pairs: RegionPair[]; sides: (photo: number) => Sides } {
  const m = readColmapBinary(path);
  const camera = new Map(m.cameras.map((c) => [c.id, c]));
  const sides = (v: number): Sides => {
    const c = camera.get(m.views[v]!.cameraId)!;
    return [c.width, c.height];
  };
  const at = m.views.map((_, v) => {
    const of = new Map<number, number>();
    for (let o = m.viewOffsets[v]!; o < m.viewOffsets[v + 1]!; o += 1) of.set(m.obsPoint[o]!, o);
    return of;
  });
  const pairs: RegionPair[] = [];
  for (let b = 0; b < m.views.length; b += 1) {
    for (let a = 0; a < b; a += 1) {
      const shared = [...at[a]!.keys()].filter((p) => at[b]!.has(p));
      if (shared.length < MIN_INLIERS) continue;
      const region = (v: number): RegionPair['regions'][0] =>
        regionOf(
          shared.flatMap((p) => {
            const o = at[v]!.get(p)!;
            return [m.obsXy[2 * o]!, m.obsXy[2 * o + 1]!];
          }),
          sides(v),
        );
      pairs.push({ a, b, inliers: shared.length, regions: [region(a), region(b)] });
    }
  }
  return { pairs, sides };
}

function ofModels(folder: string): void {
  let [all, before, after] = [0, 0, 0];
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (basename(file) !== 'images.bin') continue;
    const { pairs, sides } = pairsOfModel(join(folder, dirname(file)));
    const lost = (judged: readonly (Apart | null)[]): number => judged.filter((j) => j !== null).length;
    const judged = tellApart(pairs, sides, SURE);
    const links = scenesOf(pairs, SURE);
    const inScene = new Map(links.flatMap((s, i) => s.map((p) => [p, i] as const)));
    const today = pairs.filter((p) => inScene.has(p.a) && inScene.get(p.a) === inScene.get(p.b)).length;
    all += pairs.length;
    before += today;
    after += pairs.length - lost(judged);
    if (lost(judged) > 0) console.log(`${dirname(file)}: ${lost(judged)} of ${pairs.length} pairs apart`);
  }
  console.log(`${all} pairs: every verified pair joins ${before}, told apart ${after}`);
}

if (values.models !== undefined) ofModels(values.models);
for (const path of positionals) ofLibrary(path);
