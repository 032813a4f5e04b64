import { copyFileSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { clusterPhotos } from '../../../src/main/engine/clustering/cluster.ts';
import { drawnMatches, matchedPhotos } from '../../../src/main/engine/clustering/matches.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { covisiblePairs } from '../../../src/main/engine/mining/candidates.ts';
import { clusterDetail, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, SHARED } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();

/** Pixels of real photos: COLMAP matches without a card, which takes the longer the more features there are. */
const SMALL = 640;

/** Photos of several scenes in one folder, under names that say nothing; gives the scene of each. */
function shuffled(to: string, scenes: readonly (readonly [string, string])[], take = Infinity): Map<string, string> {
  mkdirSync(to, { recursive: true });
  const all = scenes.flatMap(([scene, from]) =>
    readdirSync(from)
      .sort()
      .slice(0, take)
      .map((f) => ({ scene, file: join(from, f) })),
  );
  const truth = new Map<string, string>();
  random(5)
    .shuffled(all)
    .forEach(({ scene, file }, i) => {
      const name = `img_${String(i).padStart(3, '0')}.jpg`;
      copyFileSync(file, join(to, name));
      truth.set(name, scene);
    });
  return truth;
}
const sample = (names: readonly string[]): [string, string][] => names.map((n) => [n, join(SAMPLE, n, 'images')]);

/** Share of clustered photos that are of their cluster's most frequent scene, and of all photos that are in a cluster. */
function purity(
  clusters: readonly { photos: readonly string[] }[],
  truth: ReadonlyMap<string, string>,
): { pure: number; complete: number } {
  let right = 0;
  let n = 0;
  for (const c of clusters) {
    const counts = new Map<string, number>();
    for (const p of c.photos) counts.set(truth.get(p)!, (counts.get(truth.get(p)!) ?? 0) + 1);
    right += Math.max(...counts.values());
    n += c.photos.length;
  }
  return { pure: right / n, complete: n / truth.size };
}

describe('from a folder of photos to clusters, without COLMAP', () => {
  const photos = join(folder, 'mixed');
  const truth = shuffled(photos, sample(['castle', 'half_timbered_house']));
  const path = join(folder, 'library');

  it('goes on where it was stopped, and no cluster mixes places', async () => {
    let library = Library.create(path);
    let detected = -1;
    const stopping: TaskContext = {
      ...silentContext(),
      step: (name) => (detected = name.startsWith('Detecting') ? 0 : -1),
      progress: (done) => (detected = detected < 0 ? -1 : done),
      check: () => {
        if (detected > 8) throw new Error('stopped');
      },
    };
    await expect(clusterPhotos(library, { photos, reconstruct: false }, stopping)).rejects.toThrow('stopped');
    expect(listClusters(library)).toEqual([]);
    library.close();
    library = Library.open(path);
    const seen: string[] = [];
    const report = await clusterPhotos(
      library,
      { photos, reconstruct: false },
      { ...silentContext(), step: (name, total) => seen.push(`${name} ${total}`) },
    );
    // Photos whose features were there are not looked at again.
    const left = Number(
      seen
        .find((s) => s.startsWith('Detecting'))!
        .split(' ')
        .at(-1),
    );
    expect(left).toBeLessThan(truth.size);
    expect(report.clusters.length).toBeGreaterThan(0);
    expect(purity(report.clusters, truth).pure).toBe(1);
    expect(report.unclustered.length + new Set(report.clusters.flatMap((c) => c.photos)).size).toBe(truth.size);
    expect(report.steps.map((s) => s.name)).toEqual([
      'photos',
      'features and words',
      'retrieval',
      'matches',
      'scenes',
      'tracks',
      'library',
    ]);
    library.close();
  });

  it('can be mined: pairs share tracks, and places differ from scene to scene', () => {
    const library = Library.open(path);
    const clusters = listClusters(library);
    expect(clusterDetail(library, clusters[0]!.id).modelled).toBe(false);
    const pairs = [...covisiblePairs(library, 10)];
    expect(pairs.length).toBeGreaterThan(10);
    const name = library.db.prepare('SELECT name FROM photo_file WHERE photo_id = ?').pluck();
    for (const p of pairs) expect(truth.get(name.get(p.query) as string)).toBe(truth.get(name.get(p.other) as string));
    const places = library.db.prepare('SELECT COUNT(DISTINCT place) FROM cluster').pluck().get();
    expect(places).toBe(new Set(clusters.map((c) => c.scene)).size);
    library.close();
  });

  it('shows matches of two photos, in both directions alike', () => {
    const library = Library.open(path);
    const photo = clusterDetail(library, listClusters(library)[0]!.id).views[0]!.photo!;
    const [best] = matchedPhotos(library, photo);
    expect(best!.inliers).toBeGreaterThanOrEqual(15);
    const there = drawnMatches(library, photo, best!.photo);
    const back = drawnMatches(library, best!.photo, photo);
    expect(there.length).toBe(5 * best!.matches);
    expect([...there.subarray(0, 4)]).toEqual([...back.subarray(2, 4), ...back.subarray(0, 2)]);
    expect([...there].every((x) => x >= 0 && x <= 1)).toBe(true);
    expect(there.filter((x, i) => i % 5 === 4 && x === 1).length).toBe(best!.inliers);
    library.close();
  });

  it('a second run computes nothing anew; photos that come later join', async () => {
    const library = Library.open(path);
    const before = listClusters(library).map((c) => c.id);
    const seen: string[] = [];
    const watching = { ...silentContext(), step: (name: string) => seen.push(name) };
    await clusterPhotos(library, { photos, reconstruct: false }, watching);
    expect(seen).not.toContain('Detecting local features');
    expect(seen).not.toContain('Matching and verifying');
    expect(listClusters(library).map((c) => c.id)).toEqual(before);
    const more = join(folder, 'more');
    shuffled(more, sample(['row_houses']), 6);
    const report = await clusterPhotos(library, { photos: more, reconstruct: false }, silentContext());
    expect(report.photos).toBe(truth.size + readdirSync(more).length);
    expect(report.clusters.length).toBeGreaterThanOrEqual(before.length);
    expect(library.db.prepare("SELECT COUNT(*) FROM cluster_all WHERE state = 'active'").pluck().get()).toBe(
      report.clusters.length,
    );
    library.close();
  });

  it('leaves models beside the photos alone, and refuses a folder that was imported with them', async () => {
    const at = join(folder, 'with-models');
    cpSync(join(SAMPLE, 'castle'), at, { recursive: true });
    const library = Library.create(join(folder, 'conflict'));
    await importSources(library, { sources: [at] }, silentContext());
    const before = listClusters(library);
    await expect(clusterPhotos(library, { photos: at }, silentContext())).rejects.toThrow(/models of its own/);
    expect(listClusters(library)).toEqual(before);
    library.close();
  });

  it('says what it cannot do', async () => {
    const library = Library.create(join(folder, 'empty'));
    await expect(clusterPhotos(library, { photos: join(folder, 'nowhere') }, silentContext())).rejects.toThrow(
      /does not exist/,
    );
    mkdirSync(join(folder, 'nothing'), { recursive: true });
    await expect(clusterPhotos(library, { photos: join(folder, 'nothing') }, silentContext())).rejects.toThrow();
    // What a telephone writes, which no decoder here reads.
    writeFileSync(
      join(folder, 'nothing', 'IMG_0001.HEIC'),
      Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    );
    await expect(clusterPhotos(library, { photos: join(folder, 'nothing') }, silentContext())).rejects.toMatchObject({
      message: 'This folder has no photos: 1 of HEIC cannot be read',
      hint: expect.stringMatching(/convert.* JPEG.*IMG_0001\.HEIC/) as string,
    });
    library.close();
  });
}, 240_000);

/** A scene of shared/ with its photos at {@link SMALL}. */
async function reduced(scene: string, count: number): Promise<[string, string]> {
  const [from, to] = [join(SHARED, 'scenes', scene, 'images'), join(folder, 'reduced', scene)];
  mkdirSync(to, { recursive: true });
  for (const f of readdirSync(from).sort().slice(0, count))
    await sharp(join(from, f)).resize(SMALL, SMALL, { fit: 'inside' }).keepExif().toFile(join(to, f));
  return [scene, to];
}

describeWith(['shared data', 'colmap'], 'with COLMAP, on real photos of two places', () => {
  it('builds a model of each, and registers a photo that comes later into it', async () => {
    const library = Library.create(join(folder, 'colmap'));
    const photos = join(folder, 'real');
    const [statue, fountains] = [await reduced('vggsfm_statue', 7), await reduced('fountain_p11', 8)];
    const truth = shuffled(photos, [statue, fountains], 7);
    const first = await clusterPhotos(library, { photos }, silentContext());
    expect(purity(first.clusters, truth)).toMatchObject({ pure: 1 });
    expect(first.clusters.length).toBeGreaterThanOrEqual(2);
    expect(first.clusters.every((c) => c.points > 50)).toBe(true);
    const fountain = first.clusters.find((c) => truth.get(c.photos[0]!) === 'fountain_p11')!;
    expect(clusterDetail(library, fountain.id).modelled).toBe(true);
    const later = join(folder, 'later');
    mkdirSync(later);
    copyFileSync(join(fountains[1], readdirSync(fountains[1]).sort()[7]!), join(later, 'new.jpg'));
    const second = await clusterPhotos(library, { photos: later }, silentContext());
    const grown = second.clusters.find((c) => c.photos.includes('new.jpg'))!;
    expect(grown.photos.length).toBe(fountain.photos.length + 1);
    // What did not change is what it was.
    const others = first.clusters.filter((c) => c.id !== fountain.id).map((c) => c.id);
    expect(second.clusters.map((c) => c.id)).toEqual(expect.arrayContaining(others));
    // What was grown is known again: nothing is built a third time.
    const built = (): number[] =>
      readdirSync(library.file('scenes')).map((key) => statSync(library.file('scenes', key, 'done.json')).mtimeMs);
    const times = built();
    const third = await clusterPhotos(library, { photos: later }, silentContext());
    expect(third.clusters).toEqual(second.clusters);
    expect(built()).toEqual(times);
    library.close();
  }, 400_000);

  it('has the places before the models, which take theirs, with what a person called them', async () => {
    const library = Library.create(join(folder, 'stopped'));
    const photos = join(folder, 'stopping');
    shuffled(photos, [await reduced('fountain_p11', 5)]);
    let building = false;
    const kept: string[] = [];
    const stopping: TaskContext = {
      ...silentContext(),
      keeps: (what) => kept.push(`${listClusters(library).length > 0}: ${what}`),
      step: (name) => (building ||= name.startsWith('Features of scene')),
      check: () => {
        if (building) throw cancelled();
      },
    };
    await expect(clusterPhotos(library, { photos }, stopping)).rejects.toThrow(/cancelled/i);
    expect(kept).toEqual([expect.stringMatching(/^true: .*the places stay, as groups of matching photos/)]);
    const places = listClusters(library);
    expect(places.length).toBeGreaterThanOrEqual(1);
    expect(places.every((c) => !clusterDetail(library, c.id).modelled)).toBe(true);
    const [first] = places as [(typeof places)[number]];
    editClusters(library, { kind: 'rename', cluster: first.id, name: 'Garden' });
    const { clusters } = await clusterPhotos(library, { photos }, silentContext());
    expect(clusters.every((c) => clusterDetail(library, c.id).modelled)).toBe(true);
    expect(
      listClusters(library)
        .map((c) => c.id)
        .sort(),
    ).toEqual(clusters.map((c) => c.id).sort());
    expect(listClusters(library).filter((c) => c.name === 'Garden')).toHaveLength(1);
    library.close();
  }, 400_000);

  it('keeps a place of which no 3D model can be built, and says so', async () => {
    const photos = join(folder, 'poster');
    mkdirSync(photos);
    const [name] = readdirSync(join(SHARED, 'scenes', 'fountain_p11', 'images')).sort() as [string];
    // Without parallax: a camera that only turns about its axis.
    const all = await sharp(join(SHARED, 'scenes', 'fountain_p11', 'images', name))
      .resize(1200)
      .toBuffer();
    for (const [i, degrees] of [0, 8, 16, 24].entries()) {
      const { data, info } = await sharp(all).rotate(degrees).toBuffer({ resolveWithObject: true });
      const [left, top] = [Math.round(info.width / 2) - 300, Math.round(info.height / 2) - 250];
      await sharp(data)
        .extract({ left, top, width: 600, height: 500 })
        .jpeg()
        .toFile(join(photos, `${i}.jpg`));
    }
    const library = Library.create(join(folder, 'flat'));
    const warnings: string[] = [];
    const { clusters } = await clusterPhotos(library, { photos }, silentContext(warnings));
    expect(clusters.map((c) => [...c.photos].sort())).toEqual([['0.jpg', '1.jpg', '2.jpg', '3.jpg']]);
    expect(clusterDetail(library, clusters[0]!.id).modelled).toBe(false);
    expect(warnings.join('\n')).toMatch(/no 3D model of a scene of 4 photos/);
    library.close();
  }, 100_000);
});
