/** The gallery: `index.html` that opens from a disk, one classic script, its data as a script, thumbnails as files. */
import { readFileSync } from 'node:fs';
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import { resourcePath } from '../../environment/resources.ts';
import { photoImage, undecodable } from '../../library/pixels.ts';
import { ExactIndex } from '../../retrieval/neighbours.ts';
import { AT_ONCE, inParallel } from './digests.ts';
import { effectiveFields, type Item } from './items.ts';
import type { Exporting, FormatWriter } from './material.ts';
import { browsersShow } from './media.ts';
import { saidOf } from './said.ts';

const THUMBNAIL = 360;
/** Of photos that a browser does not show, or that do not lie there. */
const VIEW = 1600;
const ALIKE = 12;
/** Above so many, comparing each with each takes longer than a person waits. */
const MOST_COMPARED = 50_000;

const digits = (position: number): string =>
  String(position)
    .padStart(6, '0')
    .slice(-Math.max(6, String(position).length));

/** Where the script looks for a thumbnail. */
function thumbnailPath(position: number): string {
  const n = digits(position);
  return `gallery/thumbs/${n.slice(0, -3)}/${n}.jpg`;
}

function viewPath(position: number): string {
  return `gallery/views/${digits(position)}.jpg`;
}

async function jpeg(source: string, size: number, quality: number): Promise<Buffer> {
  try {
    return await (
      await photoImage(source)
    )
      .resize(size, size, { fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3' })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality })
      .toBuffer();
  } catch (cause) {
    throw undecodable(source, cause);
  }
}

/** JSON that may stand in a script. */
function inScript(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** Twelve photos each, the most similar first; none for photos without descriptors. */
async function similar({ material, items, task }: Exporting): Promise<(number[] | 0)[] | null> {
  const set = material.descriptors;
  if (set === undefined) return null;
  const rows = new Map(set.photos.map((sha256, row) => [sha256, row]));
  const own = items.flatMap((i) => {
    const row = rows.get(i.entry.sha256);
    return row === undefined ? [] : [{ position: i.position, row }];
  });
  if (own.length < 2) return null;
  if (own.length > MOST_COMPARED) {
    task.warn(`The gallery has no similar photos: ${own.length} are more than ${MOST_COMPARED} that are compared`);
    return null;
  }
  const { dim } = set;
  const data = new Float32Array(own.length * dim);
  own.forEach(({ row }, i) => data.set(set.data.subarray(row * dim, (row + 1) * dim), i * dim));
  const matrix = { rows: own.length, dim, data };
  const index = new ExactIndex(matrix);
  try {
    task.step('Comparing photos', own.length, 'photos');
    const { k, ids } = await index.search(matrix, ALIKE + 1, task);
    const out: (number[] | 0)[] = items.map(() => 0);
    own.forEach(({ position }, i) => {
      out[position] = Array.from(ids.subarray(i * k, (i + 1) * k), (row) => own[row]!.position)
        .filter((p) => p !== position)
        .slice(0, ALIKE);
    });
    return out;
  } finally {
    await index.release();
  }
}

/** A photo as the script takes it. */
function rowOf(item: Item, x: Exporting, positions: ReadonlyMap<string, number>): unknown[] {
  const { entry, file } = item;
  const fields: FieldValues = effectiveFields(entry.fields, x.record.fields);
  const shot = x.material.factsOf?.(entry);
  const where = x.options.removeGps ? undefined : shot;
  const degrees = (v: number | null | undefined): number | null => (v == null ? null : Number(v.toFixed(5)));
  return [
    entry.path,
    file.width,
    file.height,
    file.sha256,
    fields,
    entry.foldedUnder === null ? -1 : (positions.get(entry.foldedUnder) ?? -1),
    shot?.taken ?? null,
    degrees(where?.latitude),
    degrees(where?.longitude),
    shot?.camera ?? null,
  ];
}

export const writeGallery: FormatWriter = async (x) => {
  const { tree, items, record, task } = x;
  const placed = record.photos.placed !== 'none' && record.photos.placed !== 'inside';
  const views = items.map((i) => (placed && browsersShow(i.entry.path) ? 0 : 1));
  task.step('Making thumbnails', items.length, 'photos');
  let done = 0;
  await inParallel(
    items,
    async (item) => {
      task.check();
      await tree.writeOnce(thumbnailPath(item.position), () => jpeg(item.source!, THUMBNAIL, 78));
      if (views[item.position] === 1) await tree.writeOnce(viewPath(item.position), () => jpeg(item.source!, VIEW, 84));
      task.progress((done += 1));
    },
    AT_ONCE,
  );
  const positions = new Map(items.map((i) => [i.entry.sha256, i.position]));
  const alike = await similar(x);
  const said = saidOf(record);
  const photos = items.map((i) => rowOf(i, x, positions));
  const anyPlace = photos.some((p) => p[7] !== null);
  const world = anyPlace ? (JSON.parse(readFileSync(resourcePath('gallery', 'world.json'), 'utf8')) as unknown) : [];
  const data = {
    title: said.title,
    description: record.fields['description']?.join('\n\n') ?? '',
    by: said.creators.join(', '),
    version: record.version,
    digest: record.digest,
    placed,
    views,
    photos,
    similar: alike,
    world,
  };
  await tree.write('gallery/data.js', `window.COVIS = ${inScript(data)};\n`);
  const html = readFileSync(resourcePath('gallery', 'index.html'), 'utf8');
  const title = said.title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  await tree.write(
    'index.html',
    html.replace('{{title}}', () => title),
  );
  for (const name of ['gallery.js', 'gallery.css'])
    await tree.write(`gallery/${name}`, readFileSync(resourcePath('gallery', name)));
};
