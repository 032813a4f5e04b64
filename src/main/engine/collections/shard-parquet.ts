/**
 * Photos in files of Parquet as Covis writes them: where each lies. Pages are followed by their headers and values by their lengths, and no
 * memory is taken because a number in the file says so.
 */
import { readSync } from 'node:fs';
import { parquetMetadata, type FileMetaData, type PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { CovisError } from '../../../shared/errors.ts';
import { inWords } from '../formats/budget.ts';
import { ofShard, type InShard, type ShardFile } from './shard.ts';

const MAGIC = 'PAR1';
const MOST_OF_FOOTER = 64 << 20;
/** Headers of pages are short: their statistics are cut. */
const MOST_OF_HEADER = 64 << 10;

/** Bytes of the file where photos lie: the values of the column `image.bytes`, in their order. */
export function* photosOfParquet(shard: ShardFile): Generator<InShard> {
  const { file, most, budget } = shard;
  const { metadata, end } = footer(shard);
  let photos = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    const column = group.columns.find((c) => c.meta_data?.path_in_schema.join('.') === 'image.bytes')?.meta_data;
    if (column === undefined) throw ofShard('INPUT_INVALID', file, 'This file of Parquet has no column image.bytes');
    if (column.codec !== 'UNCOMPRESSED' || column.type !== 'BYTE_ARRAY')
      throw ofShard(
        'INPUT_INVALID',
        file,
        'The photos of this file of Parquet are packed, and those of an export are not',
      );
    const from = Number(column.data_page_offset);
    const to = from + Number(column.total_compressed_size);
    if (!(from >= MAGIC.length && to >= from && to <= end))
      throw corrupt(file, `the photos of its row group ${g} lie outside of it`);
    for (let at = from; at < to;) {
      budget.time();
      const { header, length } = pageHeader(shard, at, to);
      const page = at + length;
      const after = page + header.compressed_page_size;
      if (!(header.compressed_page_size >= 0 && after <= to))
        throw corrupt(file, `the page at byte ${at} is longer than what holds it`);
      for (let value = page + levels(shard, header, page); value < after;) {
        const bytes = whole(shard, value);
        const start = value + 4;
        if (start + bytes > after) throw corrupt(file, `the photo at byte ${value} is longer than its page`);
        photos += 1;
        if (photos > most)
          throw ofShard('INPUT_INVALID', file, `This file of Parquet has more photos than the ${most} of its table`);
        yield { name: `photo ${photos}`, at: start, bytes };
        value = start + bytes;
      }
      at = after;
    }
  }
}

function corrupt(file: string, why: string): CovisError {
  return ofShard('INPUT_CORRUPT', file, `This file of Parquet is damaged: ${why}`);
}

function read({ file, fd }: ShardFile, at: number, bytes: number): Buffer {
  const into = Buffer.alloc(bytes);
  for (let done = 0; done < bytes;) {
    const n = readSync(fd, into, done, bytes - done, at + done);
    if (n === 0) throw corrupt(file, 'it is cut short');
    done += n;
  }
  return into;
}

function whole(shard: ShardFile, at: number): number {
  if (at + 4 > shard.size) throw corrupt(shard.file, 'it is cut short');
  return read(shard, at, 4).readUInt32LE(0);
}

/** What stands at its end. @returns with where that begins. */
function footer(shard: ShardFile): { readonly metadata: FileMetaData; readonly end: number } {
  const { file, size } = shard;
  if (
    size < 12 ||
    read(shard, 0, 4).toString('latin1') !== MAGIC ||
    read(shard, size - 4, 4).toString('latin1') !== MAGIC
  )
    throw corrupt(file, 'it does not begin and end as one');
  const bytes = whole(shard, size - 8);
  const end = size - 8 - bytes;
  if (end < MAGIC.length) throw corrupt(file, 'its footer is longer than itself');
  if (bytes > MOST_OF_FOOTER)
    throw ofShard(
      'INPUT_UNSUPPORTED',
      file,
      `The footer of this file of Parquet is larger than ${inWords(MOST_OF_FOOTER)}`,
    );
  try {
    const metadata = parquetMetadata(Uint8Array.from(read(shard, end, size - end)).buffer, { geoparquet: false });
    return { metadata, end };
  } catch (cause) {
    if (cause instanceof CovisError) throw cause;
    throw new CovisError('INPUT_CORRUPT', 'This file of Parquet is damaged: its footer cannot be read', {
      file,
      cause,
    });
  }
}

function pageHeader(
  shard: ShardFile,
  at: number,
  to: number,
): { readonly header: PageHeader; readonly length: number } {
  const bytes = read(shard, at, Math.min(MOST_OF_HEADER, to - at));
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
  try {
    return { header: parquetHeader(reader), length: reader.offset };
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', `This file of Parquet is damaged: there is no page at byte ${at}`, {
      file: shard.file,
      cause,
    });
  }
}

/** Bytes of a page before its values: which of them are there. @throws CovisError for pages that Covis does not write. */
function levels(shard: ShardFile, { type, ...of }: PageHeader, page: number): number {
  const v2 = of.data_page_header_v2;
  const v1 = of.data_page_header;
  const before =
    type === 'DATA_PAGE_V2' && v2?.encoding === 'PLAIN'
      ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length
      : type === 'DATA_PAGE' && v1?.encoding === 'PLAIN'
        ? 4 + whole(shard, page)
        : NaN;
  if (Number.isNaN(before))
    throw ofShard(
      'INPUT_INVALID',
      shard.file,
      'The photos of this file of Parquet are written otherwise than those of an export',
    );
  if (!(before >= 0 && before <= of.compressed_page_size))
    throw corrupt(shard.file, `the page at byte ${page} says a wrong length`);
  return before;
}
