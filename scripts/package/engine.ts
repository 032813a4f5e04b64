/** The engine as JavaScript, as an installed Covis runs it: Node strips no types from files below a folder `node_modules`. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

/** What is bundled into the desktop's files, or types for it alone. */
const BUNDLED = /^main[/\\]desktop[/\\]/;
/** A text that ends in the name of a source: an import, a `new URL`, a part of a path. */
const NAMED = /(['"])((?:\.{1,2}\/)?[\w./-]*[\w-])\.ts\1/g;

/** Types go, lines and columns stay, and other sources are called by the names that they have then. */
export function javascriptOf(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' }).replaceAll(NAMED, '$1$2.js$1');
}

/** Writes the engine, the server and the command line of `src` below a folder, everything that stands there before gone. @returns how many files */
export function stripEngine(root: string, out: string): number {
  rmSync(out, { recursive: true, force: true });
  let files = 0;
  for (const room of ['main', 'shared'])
    for (const below of readdirSync(join(root, 'src', room), { recursive: true, withFileTypes: true })) {
      const file = join(below.parentPath, below.name);
      const path = file.slice(join(root, 'src').length + 1);
      if (!below.isFile() || BUNDLED.test(path)) continue;
      const to = join(out, path);
      mkdirSync(dirname(to), { recursive: true });
      if (path.endsWith('.ts') && !path.endsWith('.d.ts'))
        writeFileSync(to.replace(/\.ts$/, '.js'), javascriptOf(readFileSync(file, 'utf8')));
      else if (!path.endsWith('.d.ts')) cpSync(file, to);
      files += 1;
    }
  return files;
}
