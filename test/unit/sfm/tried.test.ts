import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { importWork, tryImport } from '../../../src/main/engine/work/import.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const root = join(folder, 'scene');
function build(members: readonly number[]): void {
  writeTextModel(join(root, 'sparse', '0'), {
    images: members.map((i) => ({
      name: `p${i}.jpg`,
      at: [i * 0.1, 0, 0],
      sees: Array.from({ length: 30 }, (_, k) => k + 1),
    })),
    points: somePoints(30),
  });
}
const content = (at: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((f) => [f, createHash('sha256').update(readFileSync(f)).digest('hex')]),
  );

it('a dry run says which model would be replaced, of an open library and of one that is closed, and touches neither', async () => {
  for (let i = 0; i < 4; i += 1) await writePhoto(join(root, 'images', `p${i}.jpg`), i);
  const path = join(folder, 'library');
  const library = Library.create(path);
  const look = (more: object = {}): ReturnType<typeof importWork.run> =>
    importWork.run(library, { sources: [root], dryRun: true, ...more }, silentContext());
  const replaces = async (result: ReturnType<typeof importWork.run>): Promise<unknown> =>
    (await result).scenes[0]!.models[0]!.replaces;
  build([0, 1, 2]);
  expect(await replaces(look())).toBeNull();
  await importWork.run(library, { sources: [root] }, silentContext());
  expect(await replaces(look())).toBeNull();
  build([0, 1, 2, 3]);
  const day = /^\d{4}-\d\d-\d\d$/;
  expect(await replaces(look())).toMatch(day);
  expect((await look()).warnings).toEqual([expect.stringContaining('replaces the model imported on')]);
  expect(await replaces(look({ keepBoth: true }))).toBeNull();
  expect(listClusters(library).map((c) => c.photos)).toEqual([3]);
  library.close();

  const before = content(path);
  expect(await replaces(tryImport({ sources: [root] }, silentContext(), path))).toMatch(day);
  expect(await replaces(tryImport({ sources: [root] }, silentContext(), join(folder, 'none')))).toBeNull();
  expect(content(path)).toEqual(before);

  // What is really done is what was said.
  const open = Library.open(path);
  const dry = await importWork.run(open, { sources: [root], dryRun: true }, silentContext());
  const done = await importWork.run(open, { sources: [root] }, silentContext());
  expect(dry).toEqual({ ...done, dryRun: true });
  expect(listClusters(open).map((c) => c.photos)).toEqual([4]);
  open.close();
});
