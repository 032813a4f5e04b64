/** Small files that would become large, deep or endless, read in a process whose memory is measured. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErrorShape } from '../../src/shared/errors.ts';
import { temporaryFolder } from './folders.ts';
import { ROOT } from './programs.ts';

export interface Bomb {
  readonly name: string;
  /** Who reads it: a name of `read-files.ts`. */
  readonly kind: string;
  /** Its name, or its path where it is there already. */
  readonly file: string;
  readonly content?: () => string | Buffer;
  /** Code and sentence. */
  readonly expected: RegExp;
}

/** Each ends by a sentence that names it and says what to do, and all of them in less than 1 GB. */
export function describeBombs(name: string, bombs: readonly Bomb[]): void {
  describe(name, () => {
    const folder = temporaryFolder();
    const paths = bombs.map(({ file, content }, i) => {
      if (content === undefined) return file;
      const path = join(folder, String(i), file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content());
      return path;
    });
    // A folder of COLMAP's is named by itself.
    const asked = bombs.flatMap(({ kind }, i) => [kind, kind === 'bin' ? dirname(paths[i]!) : paths[i]!]);
    const run = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(ROOT, 'test', 'support', 'read-files.ts'), ...asked],
      { encoding: 'utf8', timeout: 240_000 },
    );
    const { said, kilobytes } = JSON.parse(run.stdout || '{"said":[],"kilobytes":0}') as {
      said: (ErrorShape | null)[];
      kilobytes: number;
    };

    it('are all looked at, within 1 GB', () => {
      expect(run.stderr).toBe('');
      expect(said.length).toBe(bombs.length);
      expect(kilobytes).toBeLessThan(1_000_000);
    });

    it.each(bombs.map((b, i) => [b.name, b.expected, i] as const))('%s', (_, expected, i) => {
      const error = said[i];
      expect(error === null ? 'it was read' : `${error?.code}: ${error?.message}`).toMatch(expected);
      expect(error?.hint ?? '').toMatch(/^[A-Z]/);
      expect(error?.file ?? '').toBe(paths[i]);
    });
  });
}
