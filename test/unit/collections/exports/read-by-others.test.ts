import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Material } from '../../../../src/main/engine/collections/exports/index.ts';
import {
  COLLECTION_FORMATS,
  COLLECTION_FORMAT_NAMES,
  type CollectionFormat,
} from '../../../../src/shared/exports/collections/index.ts';
import { exported, inventedMaterial, sha } from '../../../support/collections.ts';
import { temporaryFolder } from '../../../support/folders.ts';
import { describeWith, ROOT } from '../../../support/programs.ts';
import { python } from '../../../support/python.ts';

const at = temporaryFolder();
const material = inventedMaterial(join(at, 'library'));
/** Photos in order of their positions. */
const photos = async (): Promise<Buffer[]> => {
  const m = await material;
  return m.content.entries.map((e) => readFileSync(m.fileOf(e)));
};

const VALIDATOR = join(ROOT, '..', 'shared', 'tools', 'validate-collection.sh');
/** It makes itself a Python the first time, which takes a network. */
const ready = existsSync(
  join(
    process.env['COVIS_VALIDATE_VENV'] ??
      join(process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/', '.cache'), 'covis-validate'),
    'pins',
  ),
);

describe.runIf(existsSync(VALIDATOR) && (ready || process.env['COVIS_REQUIRE_ALL'] !== undefined))(
  'bagit-python, sha256sum and mlcroissant [needs ../shared/tools/validate-collection.sh to have run once]',
  () => {
    it.each([
      ['a bag', ['bagit']],
      ['a folder with Croissant', ['folder', 'croissant']],
      ['everything in a bag', ['bagit', 'croissant', 'ro-crate', 'imagefolder', 'gallery', 'coco']],
      [
        'everything in a folder',
        [
          'folder',
          'croissant',
          'ro-crate',
          'imagefolder',
          'gallery',
          'webdataset',
          'parquet',
          'csv',
          'jsonl',
          'coco',
          'iiif',
        ],
      ],
    ] as const)(
      'take %s, and load every record of it',
      async (name, formats) => {
        const out = join(at, name.replaceAll(' ', '-'));
        await exported(await material, out, {
          formats,
          sidecars: name.startsWith('everything'),
          baseUrl: formats.includes('iiif' as never) ? 'https://example.org/c' : undefined,
        });
        const r = spawnSync('bash', [VALIDATOR, out], { encoding: 'utf8' });
        expect(r.stdout).not.toMatch(/FAIL|note/);
        expect([r.status, r.stderr]).toEqual([0, '']);
        const bag = formats.includes('bagit' as never);
        const croissant = formats.includes('croissant' as never);
        expect(r.stdout.match(/^ok/gm)?.length).toBe(2 + (bag ? 2 : 0) + (croissant ? 1 : 0));
      },
      120_000,
    );

    /** Each format by itself, and each way in which photos can come to an export. */
    const every = async (within: string): Promise<{ readonly name: string; readonly out: string }[]> => {
      const m = await material;
      const descriptors: Material['descriptors'] = {
        network: 'n',
        size: 320,
        dim: 2,
        photos: m.content.entries.map((e) => e.sha256),
        data: Float32Array.from(m.content.entries.flatMap((_, i) => [i / 8, 1])),
      };
      const kinds: readonly (readonly [string, Parameters<typeof exported>[2]])[] = [
        ...COLLECTION_FORMAT_NAMES.map(
          (f) => [f, { formats: [f], baseUrl: f === 'iiif' ? 'https://example.org/c' : undefined }] as const,
        ),
        ['hard links', { formats: ['bagit', 'gallery'], photos: 'hard-link' }],
        ['links', { formats: ['folder', 'imagefolder', 'coco'], photos: 'link' }],
        ['smaller', { formats: ['bagit', 'croissant', 'imagefolder'], longSide: 32, removeGps: true, sidecars: true }],
        ['smaller in shards', { formats: ['webdataset', 'parquet'], longSide: 32, shardBytes: 6000 }],
        ['the best of each fold', { formats: ['folder', 'gallery'], folds: 'best', gallery: true }],
        ['no photos', { formats: ['gallery', 'coco', 'jsonl'], photos: 'none' }],
      ];
      const made = [];
      for (const [name, options] of kinds) {
        const out = join(at, within, name.replaceAll(' ', '-'));
        await exported({ ...m, descriptors }, out, options);
        made.push({ name, out });
      }
      return made;
    };

    it('take every format alone and every way of photos; a table without its photos is refused for that alone', async () => {
      const made = await every('every');
      const alone = made.filter((e) => e.name === 'csv');
      const rest = made.filter((e) => e.name !== 'csv');
      const r = spawnSync('bash', [VALIDATOR, ...rest.map((e) => e.out)], { encoding: 'utf8' });
      expect(r.stdout).not.toMatch(/FAIL|note/);
      expect([r.status, r.stderr]).toEqual([0, '']);
      // Nothing was passed over: two of each, the seal of a bag and its reader, and loading what has croissant.json.
      const bags = rest.filter((e) => existsSync(join(e.out, 'bagit.txt'))).length;
      const loaded = rest.filter((e) =>
        ['croissant.json', 'data/croissant.json'].some((c) => existsSync(join(e.out, c))),
      );
      expect([bags, loaded.length]).toEqual([3, 2]);
      expect(r.stdout.match(/^ok/gm)?.length).toBe(2 * rest.length + 2 * bags + loaded.length);

      // The validator looks beside items.csv for the photos that it names, which this format leaves where they are.
      expect(COLLECTION_FORMATS.csv.photos).toBe('none');
      const t = spawnSync('bash', [VALIDATOR, alone[0]!.out], { encoding: 'utf8' });
      const { entries } = (await material).content;
      expect(t.stdout.split('\n').slice(1, -1)).toEqual([
        'ok    sha256sum -c manifest-sha256.txt',
        ...entries.map((e) => `items.csv and manifest disagree: ${e.path}`),
        'FAIL  names and completeness',
      ]);
    }, 180_000);

    it('refuse a changed byte in each format', async () => {
      const made = await every('damaged');
      for (const { name, out } of made) {
        const manifest = readFileSync(join(out, 'manifest-sha256.txt'), 'utf8').trim().split('\n');
        const victim = join(out, manifest.at(-1)!.slice(66));
        const bytes = readFileSync(victim);
        bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
        // Another file in its place: a link or a second name is of the library's own photo.
        rmSync(victim);
        writeFileSync(victim, bytes);
        const r = spawnSync('bash', [VALIDATOR, out], { encoding: 'utf8' });
        expect([name, r.status, /FAIL {2}sha256sum -c manifest-sha256.txt/.test(r.stdout)]).toEqual([name, 1, true]);
      }
    }, 300_000);
  },
);

describeWith(['python readers'], 'other programs', () => {
  it('read the Parquet file: photos, text, numbers, lists', async () => {
    const out = join(at, 'parquet');
    await exported(await material, out, { formats: ['parquet'], shardBytes: 6000 });
    const shards = readdirSync(join(out, 'parquet')).sort();
    expect(shards.length).toBeGreaterThan(1);
    const read = python<{ rows: Record<string, unknown>[]; digests: string[]; features: Record<string, unknown> }>(
      `
import hashlib, io, pyarrow.parquet as pq
from PIL import Image
rows, digests, features = [], [], None
for f in given:
    t = pq.read_table(f)
    features = json.loads(t.schema.metadata[b'huggingface'])['info']['features']
    for r in t.to_pylist():
        image = r.pop('image')
        Image.open(io.BytesIO(image['bytes'])).load()
        digests.append(hashlib.sha256(image['bytes']).hexdigest())
        rows.append({**r, 'name': image['path']})
print(json.dumps({'rows': rows, 'digests': digests, 'features': features}))`,
      shards.map((s) => join(out, 'parquet', s)),
    );
    expect(read.digests).toEqual((await photos()).map(sha));
    expect(read.rows[3]).toMatchObject({
      file_name: 'photos/fountain/Brunnen Süd.jpg',
      name: 'Brunnen Süd.jpg',
      position: 3,
      title: 'Photo 3, "fountain/Brunnen Süd.jpg"',
      date: null,
      keywords: ['a;b', 'c\\d', 'two\nlines'],
      rights: 'CC-BY-4.0',
      own_fields: ['title', 'keywords', 'Höhe in m', 'sha256'],
    });
    expect(read.rows[1]!['provenance']).toBe(
      '{"how":"search","query":"a \\"tower\\"","method":"cosine","network":null,"score":0.25,"rank":3}',
    );
    expect(read.features['image']).toEqual({ _type: 'Image' });
    expect(Object.keys(read.features).sort()).toEqual(
      ['image', ...Object.keys(read.rows[0]!).filter((k) => k !== 'name')].sort(),
    );
  });

  it('read the tar files: the same bytes, sorted, of nobody and no time; the index tells where each file lies', async () => {
    const out = join(at, 'webdataset');
    await exported(await material, out, { formats: ['webdataset'], shardBytes: 8000 });
    const folder = join(out, 'webdataset');
    const shards = readdirSync(folder)
      .filter((f) => f.endsWith('.tar'))
      .sort();
    const read = python<{ name: string; digest: string; meta: (number | string)[]; offset: number }[][]>(
      `
import hashlib, tarfile
out = []
for f in given:
    t = tarfile.open(f, 'r:')
    out.append([{'name': m.name, 'digest': hashlib.sha256(t.extractfile(m).read()).hexdigest(), 'offset': m.offset_data, 'meta': [m.uid, m.gid, m.mtime, m.mode, m.uname]} for m in t])
print(json.dumps(out))`,
      shards.map((s) => join(folder, s)),
    );
    const index = readFileSync(join(folder, 'index.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(
        (l) =>
          JSON.parse(l) as {
            shard: string;
            sha256: string;
            members: { name: string; offset: number; sha256: string }[];
          },
      );
    expect(index.map((l) => [l.shard, l.sha256])).toEqual(shards.map((s) => [s, sha(readFileSync(join(folder, s)))]));
    expect(read.map((l) => l.map(({ name, digest, offset }) => [name, digest, offset]))).toEqual(
      index.map((l) => l.members.map((m) => [m.name, m.sha256, m.offset])),
    );
    const all = read.flat();
    expect(all.map((m) => m.name)).toEqual([...all.map((m) => m.name)].sort());
    for (const m of all) expect(m.meta).toEqual([0, 0, 0, 0o644, '']);
    expect(all.filter((m) => !m.name.endsWith('.json')).map((m) => m.digest)).toEqual((await photos()).map(sha));
    expect(all.map((m) => m.name).slice(0, 2)).toEqual(['000000.jpg', '000000.json']);
  });

  it('read the descriptors, in half precision, with their names', async () => {
    const m = await material;
    const dim = 4;
    // The library has them in another order, and of all photos but one.
    const known = m.content.entries.filter((_, i) => i !== 2).toReversed();
    const descriptors: Material['descriptors'] = {
      network: 'n',
      size: 320,
      dim,
      photos: known.map((e) => e.sha256),
      data: Float32Array.from(known.flatMap((e) => [0.5, e.bytes / 8192, -1, 0.1])),
    };
    const out = join(at, 'descriptors');
    await exported({ ...m, descriptors }, out, { formats: ['descriptors'] });
    const read = python<{ type: string; rows: number[][] }>(
      `
import numpy as np
a = np.load(given)
print(json.dumps({'type': str(a.dtype), 'rows': a.astype(float).tolist()}))`,
      join(out, 'descriptors.npy'),
    );
    const names = readFileSync(join(out, 'descriptors.txt'), 'utf8').trim().split('\n');
    expect(read.type).toBe('float16');
    expect(names).toEqual(m.content.entries.filter((_, i) => i !== 2).map((e) => e.path));
    expect(read.rows.map((r) => r[1])).toEqual(
      m.content.entries.filter((_, i) => i !== 2).map((e) => Number(new Float16Array([e.bytes / 8192])[0])),
    );
  });
});

describe('coco.json', () => {
  it('has an image a photo, licences by number, and captions', async () => {
    const out = join(at, 'coco');
    await exported(await material, out, { formats: ['coco'] satisfies CollectionFormat[] });
    const coco = JSON.parse(readFileSync(join(out, 'coco.json'), 'utf8')) as {
      images: { id: number; file_name: string; license: number }[];
      licenses: unknown[];
      annotations: unknown[];
    };
    expect(coco.licenses).toEqual([{ id: 1, name: 'CC-BY-4.0', url: 'https://spdx.org/licenses/CC-BY-4.0' }]);
    expect(coco.images.map((i) => [i.id, i.license, existsSync(join(out, i.file_name))])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((id) => [id, 1, true]),
    );
    expect(coco.annotations[0]).toEqual({ id: 1, image_id: 1, caption: 'Photo 0, "castle/0001.jpg"' });
  });
});

describe('IIIF', () => {
  it('has every tile that its description promises, and a canvas a photo', async () => {
    const out = join(at, 'iiif');
    const wide = await inventedMaterial(join(at, 'wide'), {
      names: ['a.jpg', 'b.png'],
      photo: async (i, name) => (await import('../../../support/collections.ts')).invented(i, name, 700 + i, 600),
    });
    await exported(wide, out, { formats: ['iiif'], baseUrl: 'https://example.org/c/' });
    const manifest = JSON.parse(readFileSync(join(out, 'iiif/manifest.json'), 'utf8')) as {
      id: string;
      rights: string;
      items: {
        width: number;
        thumbnail: { id: string }[];
        items: { items: { body: { id: string; service: { id: string }[] } }[] }[];
      }[];
    };
    expect(manifest).toMatchObject({
      id: 'https://example.org/c/iiif/manifest.json',
      rights: 'http://creativecommons.org/licenses/by/4.0/',
    });
    expect(manifest.items.map((c) => c.width)).toEqual([700, 701]);
    const file = (address: string): string => join(out, address.slice('https://example.org/c/'.length));
    for (const c of manifest.items) {
      const { id, service } = c.items[0]!.items[0]!.body;
      expect([existsSync(file(id)), existsSync(file(c.thumbnail[0]!.id))]).toEqual([true, true]);
      const info = JSON.parse(readFileSync(file(`${service[0]!.id}/info.json`), 'utf8')) as {
        id: string;
        width: number;
        height: number;
        profile: string;
        sizes: { width: number; height: number }[];
        tiles: { width: number; scaleFactors: number[] }[];
      };
      expect(info).toMatchObject({ id: service[0]!.id, profile: 'level0' });
      for (const s of info.sizes)
        expect(existsSync(file(`${info.id}/full/${s.width},${s.height}/0/default.jpg`))).toBe(true);
      // Regions as a viewer asks for them (Image API 3, implementation notes on tiles).
      for (const t of info.tiles)
        for (const scale of t.scaleFactors)
          for (let x = 0; x < info.width; x += t.width * scale)
            for (let y = 0; y < info.height; y += t.width * scale) {
              const w = Math.min(t.width * scale, info.width - x);
              const h = Math.min(t.width * scale, info.height - y);
              const whole = w === info.width && h === info.height;
              const region = whole ? 'full' : `${x},${y},${w},${h}`;
              expect(
                existsSync(file(`${info.id}/${region}/${Math.ceil(w / scale)},${Math.ceil(h / scale)}/0/default.jpg`)),
                `${region} at ${scale}`,
              ).toBe(true);
            }
    }
  });
});
