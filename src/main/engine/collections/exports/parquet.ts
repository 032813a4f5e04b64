/** Parquet as Hugging Face has it: a row a photo, its bytes in the column `image`, in shards. */
import type { SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { diskError } from '../../formats/disk.ts';
import { cellText, rowOf, type Columns, type Item } from './items.ts';
import type { Exporting, FormatWriter } from './material.ts';
import { bytesOf } from './photos.ts';

/** Rows that are in memory together, by the bytes of their photos. */
const GROUP_BYTES = 32 << 20;
const WHOLE = new Set(['bytes', 'width', 'height', 'position', 'original_bytes', 'original_width', 'original_height']);
const JSON_TEXT = new Set(['provenance']);
const LISTS = new Set(['own_fields']);

const isList = (column: string, columns: Columns): boolean => LISTS.has(column) || columns.lists.has(column);

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});

/** Columns of the file: the photo first. */
function schemaOf(columns: Columns): SchemaElement[] {
  const own = columns.names.flatMap((name): SchemaElement[] => {
    if (WHOLE.has(name)) return [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
    if (!isList(name, columns)) return [text(name)];
    return [
      { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      text('element'),
    ];
  });
  return [
    { name: 'root', num_children: columns.names.length + 1 },
    { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    text('path'),
    ...own,
  ];
}

/** What `datasets` reads of a file: without it, the photo would be a struct. */
function features(columns: Columns): string {
  const value = (dtype: string): object => ({ dtype, _type: 'Value' });
  const own = columns.names.map((name) => [
    name,
    WHOLE.has(name)
      ? value('int64')
      : isList(name, columns)
        ? { feature: value('string'), _type: 'Sequence' }
        : value('string'),
  ]);
  return JSON.stringify({ info: { features: { image: { _type: 'Image' }, ...Object.fromEntries(own) } } });
}

export const writeParquet: FormatWriter = async (x) => {
  const { items, options, task, tree } = x;
  const shards: Item[][] = [];
  let filled = Infinity;
  for (const item of items) {
    if (filled + item.file.bytes > options.shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(item);
    filled += item.file.bytes;
  }
  const of = String(shards.length).padStart(5, '0');
  task.step('Writing Parquet', items.length, 'photos');
  let done = 0;
  for (const [i, shard] of shards.entries()) {
    const path = `parquet/train-${String(i).padStart(5, '0')}-of-${of}.parquet`;
    if ((await tree.kept(path)) === undefined) await writeShard(x, path, shard, done);
    task.progress((done += shard.length));
  }
};

async function writeShard(
  { columns, record, tree, task }: Exporting,
  path: string,
  shard: readonly Item[],
  done: number,
): Promise<void> {
  const file = await tree.room(path);
  try {
    const writer = new ParquetWriter({
      writer: fileWriter(file),
      schema: schemaOf(columns),
      createdBy: 'covis',
      kvMetadata: [{ key: 'huggingface', value: features(columns) }],
    });
    let rows: { image: { bytes: Uint8Array; path: string }; row: ReturnType<typeof rowOf> }[] = [];
    let held = 0;
    const flush = async (): Promise<void> => {
      if (rows.length === 0) return;
      const own = columns.names.map((name) => ({
        name,
        data: rows.map(({ row }) => {
          const cell = row[name] ?? null;
          if (cell === null || isList(name, columns)) return cell;
          if (WHOLE.has(name)) return BigInt(cell as number);
          return JSON_TEXT.has(name) ? JSON.stringify(cell) : cellText(cell);
        }),
      }));
      const image = {
        name: 'image',
        data: rows.map((r) => r.image),
        codec: 'UNCOMPRESSED' as const,
        statistics: false,
      };
      await writer.write({ columnData: [image, ...own], rowGroupSize: rows.length });
      rows = [];
      held = 0;
    };
    for (const [i, item] of shard.entries()) {
      task.check();
      rows.push({
        image: { bytes: await bytesOf(item), path: item.entry.path.slice(item.entry.path.lastIndexOf('/') + 1) },
        row: rowOf(item, columns, record.fields),
      });
      held += item.file.bytes;
      if (held > GROUP_BYTES) await flush();
      task.progress(done + i + 1);
    }
    await flush();
    await writer.finish();
  } catch (cause) {
    throw diskError(cause, file);
  }
  await tree.adopt(path);
}
