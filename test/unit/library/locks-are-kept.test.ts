/**
 * SQLite's locks are POSIX locks of the process: whoever closes a file that SQLite has open takes them away, and a program that closes the
 * database then may take its journal for nobody's and remove it, with all that is written to it from then on.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { PYTHON } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const SOURCE = join(import.meta.dirname, '..', '..', '..', 'src', 'main', 'engine', 'library', 'library.ts');
let open: Library[] = [];
afterEach(() => {
  for (const l of open) l.close();
  open = [];
});
let made = 0;
function library(): Library {
  const l = Library.create(join(folder, `library ${made++}`));
  open.push(l);
  return l;
}

/** What this process has locked of a file, as the system says. */
function locksOf(file: string): string[] {
  const { ino } = statSync(file);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[5]?.endsWith(`:${ino}`) && words[4] === String(process.pid))
    .map((words) => words.slice(6).join(' '));
}
function write(l: Library, n: number): void {
  l.db
    .prepare("INSERT INTO collection (uid, name, kind, created, fields) VALUES (?, ?, 'manual', '2026-01-01', '{}')")
    .run(`u${n}`, `written ${n}`);
}
/** Another program, with a SQLite of its own that may be an older one. */
function counted(file: string): string {
  const script = `import sqlite3; d = sqlite3.connect(${JSON.stringify(file)}); print(d.execute('SELECT COUNT(*) FROM collection').fetchone()[0]); d.close()`;
  return execFileSync(PYTHON, ['-c', script], { encoding: 'utf8' }).trim();
}
/** A thread that has the library open for a while. */
async function aThread({ path }: Library): Promise<void> {
  const script = `import(${JSON.stringify(SOURCE)}).then(({ Library }) => Library.open(${JSON.stringify(path)}, 'sound').close())`;
  const worker = new Worker(script, { eval: true, execArgv: ['--disable-warning=ExperimentalWarning'] });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
}

describe.runIf(process.platform === 'linux')('a library that is open', () => {
  for (const [what, also] of [
    ['a thread beside opened and closed it', aThread],
    ['it was opened a second time', (l: Library) => void open.push(Library.open(l.path))],
    ['it was opened where one was to be made', (l: Library) => Library.create(l.path).close()],
    ['it was looked at whether one is there', (l: Library) => void Library.exists(l.path)],
  ] as const)
    it(`keeps its locks and its journal after ${what}`, async () => {
      const l = library();
      write(l, 1);
      const file = join(l.path, 'library.db');
      const locks = locksOf(file);
      expect(locks).not.toEqual([]);
      await also(l);
      expect(locksOf(file)).toEqual(locks);
      expect(counted(file)).toBe('1');
      expect(existsSync(`${file}-wal`)).toBe(true);
      write(l, 2);
      expect(counted(file)).toBe('2');
    });
});
