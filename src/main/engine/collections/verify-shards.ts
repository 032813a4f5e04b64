/** WebDataset's shards by their index: which tar file is damaged, and which of its samples. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { VerifyLevel, VerifyReport } from '../../../shared/facts/verification.ts';
import { logFailure, logger } from '../environment/log.ts';
import { LIMITS } from '../formats/budget.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular, withRegular } from '../formats/regular.ts';
import type { TaskContext } from '../queue/context.ts';
import { digestFile } from './exports/digests.ts';
import { SHARD_FOLDER, SHARD_INDEX, shardLine, type ShardLine } from './exports/webdataset.ts';

/** The index, in a folder of shards or in an export that has one. */
function indexOf(folder: string): string | undefined {
  return [join(folder, 'index.jsonl'), join(folder, SHARD_INDEX)].find((f) => existsSync(f));
}

/** True for a folder of shards with their index. */
export function hasShards(folder: string): boolean {
  return indexOf(folder) !== undefined;
}

/** Lines of an index. @throws CovisError `INPUT_CORRUPT` for what is none. */
export function readShardIndex(file: string): ShardLine[] {
  const lines = readRegular(file, LIMITS.whole.list, 'index').toString('utf8').split('\n');
  const found = lines.flatMap((text, i) => {
    if (text === '') return [];
    const one = shardLine.safeParse(parseJson(text, { file }, `Line ${i + 1} of this index is not JSON`));
    if (!one.success)
      throw new CovisError(
        'INPUT_CORRUPT',
        `Line ${i + 1} of this index is no shard: ${one.error.issues[0]!.message}`,
        { file },
      );
    for (const m of one.data.members)
      if (m.offset + m.bytes > one.data.bytes)
        throw new CovisError(
          'INPUT_CORRUPT',
          `Line ${i + 1} of this index puts ${m.name} behind the end of ${one.data.shard}`,
          {
            file,
          },
        );
    return [one.data];
  });
  if (found.length === 0) throw new CovisError('INPUT_CORRUPT', 'This index names no shard', { file });
  return found;
}

/** Compares shards with their index. @throws CovisError as {@link readShardIndex}, `CANCELLED`. */
export async function verifyShards(folder: string, level: VerifyLevel, task: TaskContext): Promise<VerifyReport> {
  const index = indexOf(folder)!;
  const base = index.slice(0, -'/index.jsonl'.length);
  const under = base === folder ? '' : `${SHARD_FOLDER}/`;
  const shards = readShardIndex(index);
  const missing: { path: string; fetch: boolean }[] = [];
  const changed: string[] = [];
  const unreadable: string[] = [];
  const problems: string[] = [];
  let bytes = 0;
  let sized = 0;
  task.step('Verifying', shards.length, 'tar files');
  for (const [i, shard] of shards.entries()) {
    task.check();
    const path = `${under}${shard.shard}`;
    const file = join(base, shard.shard);
    const there = statSync(file, { throwIfNoEntry: false });
    if (there === undefined) missing.push({ path, fetch: false });
    else if (level !== 'presence') {
      bytes += there.size;
      sized += 1;
      try {
        const same =
          there.size === shard.bytes && (level === 'size' || (await digestFile(file)).sha256 === shard.sha256);
        if (!same) {
          changed.push(path);
          if (level === 'full') problems.push(...damagedMembers(file, path, shard, task));
        }
      } catch (error) {
        if (error instanceof CovisError && error.code === 'CANCELLED') throw error;
        logFailure(logger('collections'), `${file} cannot be read`, error);
        unreadable.push(path);
      }
    }
    task.progress(i + 1);
  }
  const listed = new Set(shards.map((s) => s.shard));
  const extra = readdirSync(base)
    .filter((n) => n.endsWith('.tar') && !listed.has(n))
    .map((n) => `${under}${n}`);
  return {
    folder,
    kind: 'shards',
    level,
    manifests: [`${under}index.jsonl`],
    files: shards.length,
    bytes,
    sized,
    missing,
    changed,
    extra,
    moved: [],
    unreadable,
    problems,
    repaired: [],
    kept: [],
    ok: missing.length + changed.length + extra.length + unreadable.length + problems.length === 0,
  };
}

const NAMED = 20;
const PIECE = 1 << 20;

/** Which members of a changed shard are not what they were. */
export function damagedMembers(file: string, path: string, shard: ShardLine, task: TaskContext): string[] {
  const bad = withRegular(file, ({ fd }) => {
    const piece = Buffer.allocUnsafe(PIECE);
    return shard.members.filter((m) => {
      task.check();
      const hash = createHash('sha256');
      let at = 0;
      while (at < m.bytes) {
        const n = readSync(fd, piece, 0, Math.min(PIECE, m.bytes - at), m.offset + at);
        if (n === 0) return true;
        hash.update(piece.subarray(0, n));
        at += n;
      }
      return hash.digest('hex') !== m.sha256;
    });
  });
  if (bad.length === 0) return [`${path} is changed outside of its samples, which are whole`];
  const named = bad.slice(0, NAMED).map((m) => m.name);
  return [
    `${path}: ${bad.length} of ${shard.members.length} files in it are changed: ${named.join(', ')}${bad.length > NAMED ? ', …' : ''}`,
  ];
}
