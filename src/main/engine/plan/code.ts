import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { logFailure, logger } from '../environment/log.ts';
import { resourcePath } from '../environment/resources.ts';
import { VERSION } from '../environment/version.ts';

/** Which Covis this is: its version and, in a checkout, the commit. Shards of a plan are done by the one that planned it. */
export interface Code {
  readonly version: string;
  readonly commit: string | null;
}

let known: Code | undefined;

export function thisCode(): Code {
  known ??= { version: VERSION, commit: commitOf(join(resourcePath(), '..')) };
  return known;
}

/** `0.1.0 (3a5f0c1e)`. */
export function codeText({ version, commit }: Code): string {
  return commit === null ? version : `${version} (${commit.slice(0, 8)})`;
}

/** The commit of a checkout, as git writes it down; null where there is none. */
export function commitOf(root: string): string | null {
  try {
    const git = gitFolder(join(root, '.git'));
    if (git === undefined) return null;
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
    const ref = /^ref: (refs\/[\w./+@-]+)$/.exec(head)?.[1];
    if (ref === undefined) return hex(head);
    // A worktree has its head by itself and its branches with the others.
    const beside = join(git, 'commondir');
    const common = existsSync(beside) ? join(git, readFileSync(beside, 'utf8').trim()) : git;
    for (const folder of [git, common]) {
      const file = join(folder, ref);
      if (existsSync(file)) return hex(readFileSync(file, 'utf8').trim());
    }
    const packed = readFileSync(join(common, 'packed-refs'), 'utf8').split('\n');
    return hex(packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0] ?? '');
  } catch (error) {
    logFailure(logger('plan'), 'The commit of this checkout cannot be told', error);
    return null;
  }
}

function gitFolder(path: string): string | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return undefined;
  if (there.isDirectory()) return path;
  const named = /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
  return named === undefined ? undefined : isAbsolute(named) ? named : join(path, '..', named);
}

const hex = (text: string): string | null => (/^[0-9a-f]{40,64}$/.test(text) ? text : null);
