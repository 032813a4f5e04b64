/** IIIF without a server of images: Image API 3 of level 0 (files alone) and a manifest of Presentation API 3. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import { photoImage, undecodable } from '../../library/pixels.ts';
import { effectiveFields, inOrder, type Item } from './items.ts';
import type { Exporting, FormatWriter } from './material.ts';
import { rightsAddress, saidOf } from './said.ts';
import { jsonText } from './tables.ts';

const FOLDER = 'iiif';
const TILE = 512;
const QUALITY = 85;
const CONTEXT = 'http://iiif.io/api/presentation/3/context.json';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Kinds of photos by the endings of their names, as web servers call them. */
const KINDS: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  gif: 'image/gif',
  avif: 'image/avif',
  heic: 'image/heic',
  heif: 'image/heif',
};

/** The photo itself, which viewers offer to download; none where it does not lie in the export. */
function renderingOf({ record: { photos } }: Exporting, item: Item, base: string): { rendering?: object[] } {
  if (photos.placed === 'inside' || photos.placed === 'none') return {};
  const { path } = item.entry;
  const format = KINDS[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
  const id = `${base}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const said = label([path.slice(path.lastIndexOf('/') + 1)]);
  return { rendering: [{ id, type: 'Image', label: said, ...(format === undefined ? {} : { format }) }] };
}

const imageName = (position: number): string => String(position).padStart(6, '0');

/** Text without a language. */
const label = (values: readonly string[]): Record<string, readonly string[]> => ({ none: values });

/** Fields as pairs of label and value. */
function metadata(fields: FieldValues, without: readonly string[]): object[] {
  return inOrder(Object.keys(fields))
    .filter((name) => !without.includes(name))
    .map((name) => ({ label: label([name]), value: label(fields[name]!) }));
}

/** Rights that the API takes: addresses of Creative Commons and rightsstatements.org, with http. */
function rightsOf(fields: FieldValues): { rights?: string } {
  const said = fields['rights']?.[0] ?? '';
  const spdx = /^CC-(BY(?:-[A-Z]+)*)-(\d\.\d)$/.exec(said);
  if (spdx !== null) return { rights: `http://creativecommons.org/licenses/${spdx[1]!.toLowerCase()}/${spdx[2]!}/` };
  if (said === 'CC0-1.0') return { rights: 'http://creativecommons.org/publicdomain/zero/1.0/' };
  const address = rightsAddress(said) ?? '';
  return /^https?:\/\/(creativecommons\.org|rightsstatements\.org)\//.test(address)
    ? { rights: address.replace(/^https:/, 'http:') }
    : {};
}

/** Writes tiles and description of an image. @returns its sizes as whole pictures, the smallest first. */
async function writeImage({ tree, task }: Exporting, item: Item, base: string): Promise<Size[]> {
  const name = imageName(item.position);
  const path = `${FOLDER}/images/${name}`;
  const image = await tree.room(`${path}/info.json`);
  const folder = image.slice(0, -'/info.json'.length);
  const id = `${base}/${FOLDER}/images`;
  const source = item.source!;
  try {
    await rm(folder, { recursive: true, force: true });
    const whole = (await photoImage(source)).flatten({ background: '#ffffff' }).toColourspace('srgb');
    const { data, info } = await whole.jpeg({ quality: QUALITY }).toBuffer({ resolveWithObject: true });
    await (
      await photoImage(source)
    )
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .jpeg({ quality: QUALITY })
      .tile({ size: TILE, layout: 'iiif3', id })
      .toFile(folder);
    // The decoder says beside it how it was set.
    await rm(join(folder, '..', 'vips-properties.xml'), { force: true });
    const described = JSON.parse(await readFile(image, 'utf8')) as Record<string, unknown>;
    const full = await readdir(join(folder, 'full')).catch(() => [] as string[]);
    const sizes = full
      .flatMap((n) => {
        const [, w, h] = /^(\d+),(\d+)$/.exec(n) ?? [];
        return w === undefined ? [] : [{ width: Number(w), height: Number(h) }];
      })
      .concat({ width: info.width, height: info.height })
      .sort((a, b) => a.width - b.width)
      .filter((s, i, all) => i === 0 || s.width !== all[i - 1]!.width);
    await rm(image);
    await mkdir(join(folder, 'full', 'max', '0'), { recursive: true });
    await tree.write(`${path}/full/max/0/default.jpg`, data);
    const own = join(folder, 'full', 'max', '0', 'default.jpg');
    for (const e of await readdir(folder, { recursive: true, withFileTypes: true })) {
      task.check();
      const file = join(e.parentPath, e.name);
      if (e.isFile() && file !== own) await tree.adopt(`${path}/${relative(folder, file).split(sep).join('/')}`);
    }
    // A whole picture of the largest size is written as max and under its numbers.
    const largest = `${path}/full/${info.width},${info.height}/0/default.jpg`;
    if (tree.digest(largest) === undefined) await tree.write(largest, data);
    await tree.write(`${path}/info.json`, jsonText({ ...described, id: `${id}/${name}`, sizes }));
    return sizes;
  } catch (cause) {
    throw undecodable(source, cause);
  }
}

export const writeIiif: FormatWriter = async (x) => {
  const { tree, items, record, options, task } = x;
  const base = options.baseUrl!.replace(/\/+$/, '');
  const said = saidOf(record);
  task.step('Writing tiles', items.length, 'photos');
  const canvases: object[] = [];
  for (const item of items) {
    task.check();
    const sizes = await writeImage(x, item, base);
    const name = imageName(item.position);
    const { width, height } = sizes.at(-1)!;
    const thumbnail = sizes.find((s) => Math.max(s.width, s.height) >= 200) ?? sizes.at(-1)!;
    const image = `${base}/${FOLDER}/images/${name}`;
    const canvas = `${base}/${FOLDER}/canvas/${name}`;
    const service = [{ id: image, type: 'ImageService3', profile: 'level0' }];
    const fields = effectiveFields(item.entry.fields, record.fields);
    canvases.push({
      id: canvas,
      type: 'Canvas',
      label: label(fields['title'] ?? [item.entry.path.slice(item.entry.path.lastIndexOf('/') + 1)]),
      ...(fields['description'] === undefined ? {} : { summary: label(fields['description']) }),
      width,
      height,
      metadata: [
        ...metadata(fields, ['title', 'description']),
        { label: label(['SHA-256']), value: label([item.file.sha256]) },
      ],
      ...renderingOf(x, item, base),
      thumbnail: [
        {
          id: `${image}/full/${thumbnail.width},${thumbnail.height}/0/default.jpg`,
          type: 'Image',
          format: 'image/jpeg',
          ...thumbnail,
          service,
        },
      ],
      items: [
        {
          id: `${canvas}/page`,
          type: 'AnnotationPage',
          items: [
            {
              id: `${canvas}/annotation`,
              type: 'Annotation',
              motivation: 'painting',
              target: canvas,
              body: {
                id: `${image}/full/max/0/default.jpg`,
                type: 'Image',
                format: 'image/jpeg',
                width,
                height,
                service,
              },
            },
          ],
        },
      ],
    });
    task.progress(item.position + 1);
  }
  await tree.write(
    `${FOLDER}/manifest.json`,
    jsonText({
      '@context': CONTEXT,
      id: `${base}/${FOLDER}/manifest.json`,
      type: 'Manifest',
      label: label([said.title]),
      summary: label([said.description]),
      metadata: [
        ...metadata(record.fields, ['title', 'description']),
        { label: label(['version']), value: label([String(record.version)]) },
        { label: label(['digest']), value: label([record.digest]) },
      ],
      ...rightsOf(record.fields),
      items: canvases,
    }),
  );
};
