/** WebDataset: photos and what is said of them in tar files, with an index of offsets and digests. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { sha256 } from '../../../../shared/facts/collections.ts';
import { count, type Facts } from '../../../../shared/facts/facts.ts';
import { diskError } from '../../formats/disk.ts';
import { sha256Of } from './digests.ts';
import { rowOf, type Item } from './items.ts';
import type { Exporting, FormatWriter } from './material.ts';
import { bytesOfAll } from './photos.ts';
import { TAR_END, tarBytes, tarHeader, tarPadding } from './tar.ts';

export const SHARD_FOLDER = 'webdataset';
export const SHARD_INDEX = `${SHARD_FOLDER}/index.jsonl`;

const member = z.object({ name: z.string().min(1).max(200), offset: count, bytes: count, sha256 });
/** A line of the index: a shard, with the members that lie in it; offsets are of their bytes, not of their headers. */
export const shardLine = z.object({
  shard: z.string().regex(/^[^/\\]{1,200}\.tar$/),
  bytes: count,
  sha256,
  members: z.array(member).max(10_000_000),
});
export type ShardLine = Facts<typeof shardLine>;

/** Written together. */
const WRITTEN_BYTES = 4 << 20;

interface Planned {
  readonly item: Item;
  readonly json: Buffer;
}

/** The beginning of file names: what a collection is called, in letters that every system takes. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 40);
  return plain === '' ? 'collection' : plain;
}

/** Ending of a photo's name, which loaders take for its kind. */
function ending(path: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(path)?.[1]?.toLowerCase() ?? 'bin';
}

/** A sample has no dot in its key: loaders split names at the first. */
function membersOf(
  { item, json }: Planned,
  digits: number,
): { name: string; bytes: number; sha256: string; json: boolean }[] {
  const key = String(item.position).padStart(digits, '0');
  const photo = {
    name: `${key}.${ending(item.entry.path)}`,
    bytes: item.file.bytes,
    sha256: item.file.sha256,
    json: false,
  };
  const text = { name: `${key}.json`, bytes: json.length, sha256: sha256Of(json), json: true };
  return [photo, text].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const writeWebdataset: FormatWriter = async (x) => {
  const { items, columns, record, options, task, tree } = x;
  const digits = Math.max(6, String(items.length - 1).length);
  const shards: Planned[][] = [];
  let filled = Infinity;
  for (const item of items) {
    const json = Buffer.from(JSON.stringify(rowOf(item, columns, record.fields)));
    const size = tarBytes(item.file.bytes) + tarBytes(json.length);
    if (filled + size > options.shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push({ item, json });
    filled += size;
  }
  task.step('Writing tar files', items.length, 'photos');
  const lines: string[] = [];
  let done = 0;
  for (const [i, samples] of shards.entries()) {
    const shard = `${slug(record.name)}-${String(i).padStart(6, '0')}.tar`;
    const path = `${SHARD_FOLDER}/${shard}`;
    const file = (await tree.kept(path)) ?? (await writeShard(x, path, samples, digits, done));
    let at = 0;
    const members = samples.flatMap((s) =>
      membersOf(s, digits).map(({ name, bytes, sha256: digest }) => {
        const offset = at + 512;
        at += tarBytes(bytes);
        return { name, offset, bytes, sha256: digest };
      }),
    );
    const line: ShardLine = { shard, bytes: file.bytes, sha256: file.sha256, members };
    lines.push(`${JSON.stringify(line)}\n`);
    task.progress((done += samples.length));
  }
  await tree.write(SHARD_INDEX, lines.join(''));
};

async function writeShard(
  { tree, task }: Exporting,
  path: string,
  samples: readonly Planned[],
  digits: number,
  done: number,
): Promise<{ sha256: string; bytes: number }> {
  const file = await tree.room(path);
  const handle = await open(file, 'w');
  const hash = createHash('sha256');
  let bytes = 0;
  let parts: Buffer[] = [];
  let held = 0;
  const flush = async (): Promise<void> => {
    const joined = Buffer.concat(parts, held);
    hash.update(joined);
    for (let at = 0; at < held;) at += (await handle.write(joined, at)).bytesWritten;
    bytes += held;
    parts = [];
    held = 0;
  };
  const add = async (...more: Buffer[]): Promise<void> => {
    for (const part of more) {
      parts.push(part);
      held += part.length;
    }
    if (held >= WRITTEN_BYTES) await flush();
  };
  const photos = bytesOfAll(samples.map((s) => s.item));
  try {
    for (const [i, s] of samples.entries()) {
      task.check();
      const { value: photo } = await photos.next();
      for (const m of membersOf(s, digits)) {
        const content = m.json ? s.json : photo!;
        await add(tarHeader(m.name, content.length), content, tarPadding(content.length));
      }
      task.progress(done + i + 1);
    }
    await add(TAR_END);
    await flush();
    await handle.sync();
  } catch (cause) {
    throw diskError(cause, file);
  } finally {
    await photos.return();
    await handle.close();
  }
  return tree.adopt(path, { sha256: hash.digest('hex'), bytes });
}
