import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { storedFile } from '../../../src/main/engine/library/stored.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { arraysOf } from '../../../src/main/engine/sfm/arrays.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { restoreCluster } from '../../../src/main/engine/sfm/restore.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** Two models of one scene, of 3 and of 5 points, and their clusters. */
async function imported(name: string): Promise<{ library: Library; scene: string; uids: [string, string] }> {
  const scene = join(folder, name);
  for (const [model, n] of [
    ['0', 3],
    ['1', 5],
  ] as const)
    writeTextModel(join(scene, 'sparse', model), {
      images: ['a', 'b'].map((photo, i) => ({ name: `${photo}.jpg`, at: [i / 10, 0, 0], sees: [1, 2, n] })),
      points: somePoints(n),
    });
  for (const [i, photo] of ['a', 'b'].entries()) await writePhoto(join(scene, 'images', `${photo}.jpg`), i);
  const library = Library.create(join(folder, `${name} library`));
  await importSources(library, { sources: [scene] }, silentContext());
  const uids = library.db.prepare('SELECT uid FROM cluster_all ORDER BY source').pluck().all() as [string, string];
  expect(uids).toHaveLength(2);
  return { library, scene, uids };
}
const digests = (files: readonly string[]): (string | undefined)[] =>
  files.map((f) => (existsSync(f) ? createHash('sha256').update(readFileSync(f)).digest('hex') : undefined));
const inStaging = (library: Library): string[] => {
  const at = library.file('staging');
  return existsSync(at) ? readdirSync(at) : [];
};

describe('the arrays of a cluster whose model is still there', () => {
  it('are as they were, each with its digest, whatever became of them, and no other cluster is touched', async () => {
    const { library, uids } = await imported('whole');
    for (const uid of uids) {
      const files = arraysOf(library, uid);
      const others = arraysOf(
        library,
        uids.find((u) => u !== uid)!,
      );
      const [before, beside] = [digests(files), digests(others)];
      expect(new Set(before).size).toBe(files.length);
      for (const spoil of [
        () => rmSync(library.file('clusters', uid), { recursive: true }),
        () => rmSync(files[3]!),
        () => writeFileSync(files[0]!, 'damaged'),
      ]) {
        spoil();
        await restoreCluster(library, uid, silentContext());
        expect(digests(files)).toEqual(before);
        expect(files.map((f) => storedFile(library, f)?.sha256)).toEqual(before);
        expect(digests(others)).toEqual(beside);
        expect(inStaging(library)).toEqual([]);
      }
    }
    library.close();
  });

  it('are left alone where the model is gone or is another one', async () => {
    const { library, scene, uids } = await imported('changed');
    const [uid, other] = uids;
    const source = join(scene, 'sparse', '0');
    const files = arraysOf(library, uid);
    rmSync(files[1]!);
    const before = digests(files);
    const refused = async (): Promise<void> => {
      await expect(restoreCluster(library, uid, silentContext())).rejects.toMatchObject({
        code: 'STATE_EMPTY',
        message: 'The model of this cluster is not there any more, or has changed since',
        file: source,
        hint: 'Put the model back as it was, or import the new one.',
      });
      expect(digests(files)).toEqual(before);
      expect(inStaging(library)).toEqual([]);
    };
    // Another colour of a point is another model.
    const points = join(source, 'points3D.txt');
    const whole = readFileSync(points, 'utf8');
    writeFileSync(points, whole.replace('200 100 50', '201 100 50'));
    await refused();
    writeFileSync(points, whole);
    // The folder of the model, or of the scene.
    renameSync(source, join(scene, 'elsewhere'));
    await refused();
    await restoreCluster(library, other, silentContext());
    renameSync(join(scene, 'elsewhere'), source);
    renameSync(scene, join(folder, 'moved'));
    await refused();
    renameSync(join(folder, 'moved'), scene);
    // The library says that it had more.
    library.db.prepare('UPDATE cluster_all SET points = points + 1 WHERE uid = ?').run(uid);
    await refused();
    library.db
      .prepare('UPDATE cluster_all SET points = points - 1, observations = observations + 1 WHERE uid = ?')
      .run(uid);
    await refused();
    library.db.prepare('UPDATE cluster_all SET observations = observations - 1 WHERE uid = ?').run(uid);
    await restoreCluster(library, uid, silentContext());
    expect(digests(files)).not.toContain(undefined);
    library.close();
  });

  it('are those of its own part where one file holds several models', async () => {
    const scene = join(folder, 'parts');
    const body = (n: number): string => {
      const at = join(folder, `part ${n}`);
      writeTextModel(at, {
        images: ['a', 'b'].map((photo, i) => ({ name: `${photo}.jpg`, at: [i / 10, 0, 0], sees: [1, 2, n] })),
        points: somePoints(n),
      });
      const model = readModels({ path: at, reader: MODEL_READERS.find((r) => r.format === 'txt')! })[0]!;
      const [file] = writeModel(model, 'nvm', join(folder, `nvm ${n}`));
      return readFileSync(file!, 'utf8')
        .replace(/^NVM_V3.*\n/, '')
        .replace(/\n0\s*$/, '\n');
    };
    for (const [i, photo] of ['a', 'b'].entries()) await writePhoto(join(scene, 'images', `${photo}.jpg`), i);
    writeFileSync(join(scene, 'images', 'model.nvm'), `NVM_V3\n${body(3)}${body(5)}`);
    const library = Library.create(join(folder, 'parts library'));
    await importSources(library, { sources: [join(scene, 'images')] }, silentContext());
    const uids = library.db.prepare('SELECT uid FROM cluster_all').pluck().all() as string[];
    expect(uids).toHaveLength(2);
    const before = uids.map((uid) => digests(arraysOf(library, uid)));
    for (const [i, uid] of uids.entries()) {
      rmSync(library.file('clusters', uid), { recursive: true });
      await restoreCluster(library, uid, silentContext());
      expect(digests(arraysOf(library, uid))).toEqual(before[i]);
    }
    library.close();
  });
});
