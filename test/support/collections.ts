import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { contentDigest } from '../../src/main/engine/collections/content.ts';
import {
  exportCollection,
  type CollectionExportOptions,
  type Material,
} from '../../src/main/engine/collections/exports/index.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { CovisError } from '../../src/shared/errors.ts';
import type { CollectionEntry, FieldValues } from '../../src/shared/facts/collections.ts';

export const sha = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Names with a space, an umlaut, Japanese, an apostrophe, a comma; equal names in two folders; three kinds. */
export const NAMES = [
  'castle/0001.jpg',
  'castle/0002.jpg',
  'fountain/0001.jpg',
  'fountain/Brunnen Süd.jpg',
  'statue/a,b (c).jpg',
  'statue/日本.jpg',
  'statue/0003.png',
  "statue/it's.webp",
] as const;

/** A photo of 64 x 48, another for every number. */
export async function invented(i: number, name: string, width = 64, height = 48): Promise<Buffer> {
  const data = Buffer.alloc(3 * width * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      data.set([(4 * x + 25 * i) % 256, (5 * y) % 256, (x * y + 40 * i) % 256], 3 * (y * width + x));
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  if (name.endsWith('.png')) return image.png().toBuffer();
  if (name.endsWith('.webp')) return image.webp().toBuffer();
  if (name.endsWith('.tif')) return image.tiff().toBuffer();
  return image.jpeg().toBuffer();
}

/** What a collection of invented photos is made of: the fields of its whole, and what each photo says of itself. */
export interface Invented {
  readonly names?: readonly string[];
  readonly fields?: FieldValues;
  readonly each?: (i: number) => Partial<CollectionEntry>;
  readonly photo?: (i: number, name: string) => Promise<Buffer>;
}

/** Photos in `folder`, and a version that has them. The library's names are not those of the collection. */
export async function inventedMaterial(folder: string, o: Invented = {}): Promise<Material> {
  const files = new Map<string, string>();
  const entries: CollectionEntry[] = [];
  for (const [i, name] of (o.names ?? NAMES).entries()) {
    const bytes = await (o.photo ?? invented)(i, name);
    const { width, height } = await sharp(bytes).metadata();
    const sha256 = sha(bytes);
    const file = join(folder, `${i}${name.slice(name.lastIndexOf('.'))}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    files.set(sha256, file);
    entries.push({
      sha256,
      path: `photos/${name}`,
      bytes: bytes.length,
      width,
      height,
      foldedUnder: null,
      fields: {
        title: [`Photo ${i}, "${name}"`],
        ...(i % 2 === 0 ? { date: ['1987-06~'] } : {}),
        ...(i === 3
          ? { keywords: ['a;b', 'c\\d', 'two\nlines'], sha256: ['a field of that name'], 'Höhe in m': ['12'] }
          : {}),
      },
      provenance:
        i === 1 ? { how: 'search', query: 'a "tower"', method: 'cosine', network: null, score: 0.25, rank: 3 } : null,
      ...o.each?.(i),
    });
  }
  const fields = o.fields ?? {
    title: ['Castles, fountains'],
    description: ['Invented photos.'],
    rights: ['CC-BY-4.0'],
    creator: ['A. Curator'],
    keywords: ['demo', 'invented'],
  };
  return {
    content: {
      version: {
        collection: 'Demo of castles',
        number: 3,
        author: 'A. Curator',
        message: 'Third',
        created: '2024-05-01T10:00:00.000Z',
        digest: contentDigest(entries, fields),
        parents: [sha('before')],
        tags: ['final'],
        fields,
        items: entries.length,
      },
      entries,
    },
    fileOf: (e) => files.get(e.sha256)!,
  };
}

export const DEFAULTS: Omit<CollectionExportOptions, 'out'> = {
  formats: ['folder'],
  photos: 'copy',
  removeGps: false,
  sidecars: false,
  folds: 'all',
  gallery: false,
  shardBytes: 1 << 20,
};

/** Exports, saying what differs from the defaults. */
export function exported(
  material: Material,
  out: string,
  o: Partial<CollectionExportOptions> = {},
): ReturnType<typeof exportCollection> {
  return exportCollection(material, { ...DEFAULTS, ...o, out }, silentContext());
}

/** What a promise ended in, as an error that people see; undefined where it did not fail. */
export async function thrown(work: Promise<unknown> | (() => unknown)): Promise<CovisError | undefined> {
  try {
    await (typeof work === 'function' ? work() : work);
    return undefined;
  } catch (error) {
    if (error instanceof CovisError) return error;
    throw error;
  }
}
