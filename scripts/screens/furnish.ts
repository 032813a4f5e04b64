import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = join(ROOT, 'resources', 'sample');

/** Runs a command to its end. @throws Error where it fails */
export function covis(...args: readonly string[]): void {
  const done = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { stdio: ['ignore', 2, 2] });
  if (done.status !== 0) throw new Error(`covis ${args.join(' ')} failed`);
}

/**
 * Gives a library what dialogs show: collections with versions and changes, one of another curator whose photos are not here, one by a rule, a
 * plan that waits. What is chosen in dialogs, a 3D model, photos, and an exported collection, lies in `home`.
 * @param library one of the sample, described and mined
 */
export async function furnish(library: string, home: string): Promise<void> {
  mkdirSync(home, { recursive: true });
  cpSync(join(SAMPLE, 'castle'), join(home, 'Castle'), { recursive: true });
  const elsewhere = join(home, 'Elsewhere');
  mkdirSync(elsewhere);
  const [place] = readdirSync(SAMPLE).filter((name) => existsSync(join(SAMPLE, name, 'images')));
  for (const name of readdirSync(join(SAMPLE, place!, 'images')).slice(0, 6))
    await sharp(join(SAMPLE, place!, 'images', name))
      .jpeg({ quality: 60 })
      .toFile(join(elsewhere, name));

  const other = join(home, 'Other library');
  // Some of its photos are here, too.
  covis('import', other, elsewhere, join(home, 'Castle', 'images'));
  covis('quality', other);
  covis('collection', 'select', other, 'Of a colleague', '--n', '12');
  covis('collection', 'commit', other, 'Of a colleague', '--message', 'What is here');
  covis('collection', 'export', other, 'Of a colleague@1', '--format', 'folder', '--out', join(home, 'Of a colleague'));
  covis('collection', 'import', library, join(home, 'Of a colleague'));

  covis('quality', library);
  covis('collection', 'select', library, 'Chosen', '--n', '6');
  // An example, which what was chosen by a method is not.
  covis('collection', 'add', library, 'Chosen', 'castle_05.jpg');
  covis('collection', 'set', library, 'Chosen', 'title', 'Some of all');
  covis('collection', 'commit', library, 'Chosen', '--message', 'First choice');
  covis('collection', 'select', library, 'Chosen', '--n', '8');
  covis('collection', 'commit', library, 'Chosen', '--message', 'Two more');
  covis('collection', 'export', library, 'Chosen@2', '--format', 'folder', '--out', join(home, 'Chosen'));
  covis('collection', 'set', library, 'Chosen', 'rights', 'CC-BY-4.0');
  covis('collection', 'use', library, 'Chosen');
  const described = join(home, 'castle.npy');
  covis('extract', '--photos', join(home, 'Castle', 'images'), '--out', described);
  covis('descriptors', library, described, '--name', 'Of another program');
  covis('plan', library, 'extract', '--size', '200');
}
