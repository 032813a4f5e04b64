import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { onSwept } from '../../../src/main/engine/library/sweep.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importWork, tryImport } from '../../../src/main/engine/work/import.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const scene = join(folder, 'castle');
const build = (members: readonly number[]): void =>
  writeTextModel(join(scene, 'sparse', '0'), {
    images: members.map((i) => ({ name: `p${i}.jpg`, at: [i * 0.1, 0, 0], sees: [1, 2, 3, 4, 5] })),
    points: somePoints(5),
  });
const contents = (at: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((f) => [f, createHash('sha256').update(readFileSync(f)).digest('hex')]),
  );

describe('a dry run says what the library has already', () => {
  it('names models and photos that would be replaced, photos that are gone, and how many are new', async () => {
    for (let i = 0; i < 4; i += 1) await writePhoto(join(scene, 'images', `p${i}.jpg`), 40 + i);
    build([0, 1, 2]);
    const library = Library.create(join(folder, 'library'));
    const first = await importWork.run(library, { sources: [scene] }, silentContext());
    expect(first.scenes[0]).toMatchObject({ known: false, added: 4, replaced: [], gone: [] });
    library.close();
    build([0, 1, 2, 4]);
    await writePhoto(join(scene, 'images', 'p1.jpg'), 99);
    await writePhoto(join(scene, 'images', 'p4.jpg'), 44);
    rmSync(join(scene, 'images', 'p3.jpg'));
    const before = contents(library.path);

    const tried = await tryImport({ sources: [scene] }, silentContext(), library.path);
    expect(contents(library.path)).toEqual(before);
    expect(tried.scenes[0]).toMatchObject({ known: true, photos: 4, added: 1, replaced: ['p1.jpg'], gone: ['p3.jpg'] });
    expect(tried.scenes[0]!.models[0]!.replaces).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(tried.warnings).toContainEqual(expect.stringMatching(/^castle replaces the model imported on /));

    const both = await tryImport({ sources: [scene], keepBoth: true }, silentContext(), library.path);
    expect(both.scenes[0]!.models[0]!.replaces).toBeNull();
    expect(both.warnings).toContainEqual(expect.stringMatching(/^castle stands beside the model imported on /));

    const said = spawnSync(
      process.execPath,
      [join(ROOT, 'bin', 'covis.mjs'), 'import', library.path, scene, '--dry-run'],
      { encoding: 'utf8' },
    );
    expect(said.stdout.split('\n')).toEqual([
      `${scene}: 4 photos in ${join(scene, 'images')}; in the library already: 1 added, 1 replaced, 1 gone`,
      '    replaced: p1.jpg is another photo than at the last import',
      '    gone: p3.jpg',
      `  ${join(scene, 'sparse', '0')}, COLMAP folders of text files: 4 images, 4 bound, 0 missing, 0 ambiguous, 5 points, 6 pairs`,
      `    would replace the model imported on ${tried.scenes[0]!.models[0]!.replaces}`,
      '4 photos, 1 cluster, 5 points, 20 observations, 6 pairs',
      'Nothing was written.',
      '',
    ]);
    expect(contents(library.path)).toEqual(before);

    // What it said is what happens.
    const really = await importWork.run(Library.open(library.path), { sources: [scene] }, silentContext());
    expect({ ...really, dryRun: true }).toEqual(tried);
  }, 60_000);

  it('compares with what waits in the journal of a library that is open', async () => {
    const open = Library.create(join(folder, 'open'));
    await importWork.run(open, { sources: [scene] }, silentContext());
    const tried = await tryImport({ sources: [scene] }, silentContext(), open.path);
    expect(tried.scenes[0]).toMatchObject({ known: true, added: 0, replaced: [], gone: [] });
    expect((await importWork.run(open, { sources: [scene], dryRun: true }, silentContext())).scenes).toEqual(
      tried.scenes,
    );
    open.close();
  });
});

it('a dry run says nothing of jobs that are at work in the library, and leaves them alone', async () => {
  const at = join(folder, 'busy');
  const busy = Library.create(at);
  busy.db.exec(
    `INSERT INTO job (kind, title, params, state, pid, created) VALUES ('mine', 'Mine', '{}', 'running', ${2 ** 22 + 1}, '2026-01-01T00:00:00.000Z')`,
  );
  busy.close();
  const before = contents(at);
  const swept: string[] = [];
  onSwept((line) => swept.push(line));
  try {
    await tryImport({ sources: [scene] }, silentContext(), at);
    expect(swept).toEqual([]);
    expect(contents(at)).toEqual(before);
    // Opened, the library closes the job, whose process is gone.
    Library.open(at).close();
    expect(swept).not.toEqual([]);
  } finally {
    onSwept(() => undefined);
  }
});

describe('a dry run refuses what an import would', () => {
  it('a folder that holds something else', async () => {
    const at = join(folder, 'other');
    mkdirSync(at);
    writeFileSync(join(at, 'letter.txt'), 'Dear');
    await expect(tryImport({ sources: [scene] }, silentContext(), at)).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      file: at,
    });
    expect(readdirSync(at)).toEqual(['letter.txt']);
  });

  it('a damaged library, by its own name', async () => {
    const at = join(folder, 'damaged');
    mkdirSync(at);
    writeFileSync(join(at, 'library.db'), 'no database');
    await expect(tryImport({ sources: [scene] }, silentContext(), at)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      file: join(at, 'library.db'),
    });
  });

  it('makes no library where there is none', async () => {
    await tryImport({ sources: [scene] }, silentContext(), join(folder, 'nowhere'));
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});
