import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { addBackbone, networkCatalogue } from '../../../src/main/engine/network/catalogue.ts';
import { standaloneNetwork } from '../../../src/main/engine/network/embedded.ts';
import { resolveNetwork } from '../../../src/main/engine/network/networks.ts';
import { addToStore, networkStore, storedNetwork, ZOO, type ZooEntry } from '../../../src/main/engine/network/zoo.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const MODEL = join(ROOT, 'test/fixtures/mobilenet.onnx');
const bytes = readFileSync(MODEL);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const entry: ZooEntry = {
  id: 'tiny-1',
  name: 'Tiny',
  path: 'somewhere/model/tiny-1.onnx',
  bytes: bytes.length,
  sha256,
  licence: 'made for this test',
  pixels: 'torchvision',
};
const catalogue = [entry];

/** What the mirror was asked for, and how it behaves. */
const asked: { url: string; range: string | undefined }[] = [];
let behaviour: 'ranges' | 'whole' | 'cut' | 'wrong' | 'long' | 'missing' = 'ranges';
let server: Server;
let mirror: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url!, range: request.headers.range });
    if (behaviour === 'missing') return response.writeHead(404).end();
    const from = behaviour === 'ranges' ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    if (behaviour === 'wrong') return response.writeHead(200).end(Buffer.alloc(bytes.length, 1));
    if (behaviour === 'long') return response.writeHead(200).end(Buffer.concat([bytes, bytes]));
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    if (behaviour !== 'cut') return response.end(bytes.subarray(from));
    response.write(bytes.subarray(0, 5000));
    // Lost when something of it has arrived.
    const arrived = setInterval(() => {
      if (!existsSync(part()) || readFileSync(part()).length === 0) return;
      clearInterval(arrived);
      response.destroy();
    }, 5);
    return undefined;
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/zoo`;
});
afterAll(() => server.close());
let n = 0;
beforeEach(() => {
  process.env['COVIS_NETWORKS'] = join(folder, `store-${(n += 1)}`);
  asked.length = 0;
  behaviour = 'ranges';
});

const add = (): Promise<unknown> => addToStore('tiny-1', { mirror, catalogue }, silentContext());
const part = (): string => join(networkStore(), 'tiny-1.onnx.part');

describe('downloads', () => {
  it('come from the mirror, are verified, and stay', async () => {
    expect(await add()).toMatchObject({ id: 'tiny-1', name: 'Tiny', sha256, bytes: bytes.length });
    expect(asked).toEqual([{ url: '/zoo/somewhere/model/tiny-1.onnx', range: undefined }]);
    expect(existsSync(part())).toBe(false);
    await add();
    expect(asked).toHaveLength(1);
  });

  it('go on where the connection was lost', async () => {
    behaviour = 'cut';
    await expect(add()).rejects.toThrow(/download from 127.0.0.1.* failed/);
    const have = readFileSync(part()).length;
    expect(have).toBeGreaterThan(0);
    expect(storedNetwork('tiny-1')).toBeUndefined();
    behaviour = 'ranges';
    await add();
    expect(asked.at(-1)!.range).toBe(`bytes=${have}-`);
    expect(readFileSync(storedNetwork('tiny-1')!.file).equals(bytes)).toBe(true);
  });

  it('begin again where the server knows no ranges', async () => {
    mkdirSync(networkStore(), { recursive: true });
    writeFileSync(part(), bytes.subarray(0, 100));
    behaviour = 'whole';
    await add();
    expect(readFileSync(storedNetwork('tiny-1')!.file).equals(bytes)).toBe(true);
  });

  it('of other bytes than the catalogue says are refused and leave nothing', async () => {
    behaviour = 'wrong';
    await expect(add()).rejects.toThrow(/What came is not tiny-1/);
    expect(existsSync(part())).toBe(false);
    behaviour = 'long';
    await expect(add()).rejects.toThrow(/sends more than/);
    behaviour = 'missing';
    await expect(add()).rejects.toThrow(/answered 404/);
    expect(storedNetwork('tiny-1')).toBeUndefined();
  });

  it('say what to do without a network', async () => {
    const nowhere = { mirror: 'http://127.0.0.1:9/', catalogue };
    await expect(addToStore('tiny-1', nowhere, silentContext())).rejects.toMatchObject({
      code: 'EXTERNAL_FAILED',
      hint: expect.stringContaining('add it by its path'),
    });
  });

  it('stop when asked to, and keep what came', async () => {
    const stopping = {
      ...silentContext(),
      check: () => {
        throw new Error('stopped');
      },
    };
    await expect(addToStore('tiny-1', { mirror, catalogue }, stopping)).rejects.toThrow(/stopped/);
    expect(storedNetwork('tiny-1')).toBeUndefined();
  });
});

describe('offline sites', () => {
  it('use a folder as mirror, with the layout of the zoo or flat', async () => {
    const flat = join(folder, 'flat');
    const nested = join(folder, 'nested');
    mkdirSync(flat);
    mkdirSync(join(nested, 'somewhere/model'), { recursive: true });
    writeFileSync(join(flat, 'tiny-1.onnx'), bytes);
    writeFileSync(join(nested, entry.path), bytes);
    for (const place of [flat, nested, `file://${flat}`]) {
      process.env['COVIS_NETWORKS'] = join(folder, `store-${(n += 1)}`);
      await addToStore('tiny-1', { mirror: place, catalogue }, silentContext());
      expect(storedNetwork('tiny-1')!.sha256).toBe(sha256);
    }
    expect(asked).toEqual([]);
    await expect(
      addToStore(
        'tiny-1',
        { mirror: folder, catalogue: [{ ...entry, id: 'tiny-1', path: 'x/none.onnx' }] },
        silentContext(),
      ),
    ).resolves.toBeDefined();
  });

  it('add a file, which training and extraction then know by its name', async () => {
    const added = await addToStore(MODEL, { name: 'My net', pixels: 'unit' }, silentContext());
    expect(added).toMatchObject({ id: 'mobilenet', name: 'My net', licence: 'not stated' });
    const { spec } = await standaloneNetwork('mobilenet', { pooling: 'mac' });
    expect(spec).toMatchObject({ name: 'My net MAC', pooling: 'mac', preprocess: { mean: [0, 0, 0] } });
    const library = Library.create(join(folder, 'library'));
    const row = await resolveNetwork(library, 'mobilenet', 'embedded');
    expect(row.spec.name).toBe('My net GeM');
    expect((await resolveNetwork(library, 'My net GeM', 'embedded')).uid).toBe(row.uid);
    library.close();
    await expect(standaloneNetwork('vgg16-12')).rejects.toMatchObject({
      hint: 'covis networks add vgg16-12 downloads it.',
    });
    expect(storedNetwork('../mobilenet')).toBeUndefined();
  });
});

describe('the catalogue', () => {
  it('lists what comes with Covis, what is here and what can be downloaded, each once, and how much of it came', async () => {
    const [first] = ZOO;
    mkdirSync(networkStore(), { recursive: true });
    writeFileSync(join(networkStore(), `${first!.id}.onnx.part`), bytes.subarray(0, 100));
    await addToStore(MODEL, { name: 'My net' }, silentContext());
    const list = networkCatalogue();
    expect(new Set(list.map((e) => e.id)).size).toBe(list.length);
    expect(list.filter((e) => e.state === 'embedded').map((e) => e.id)).toEqual([
      'efficientnet-lite0',
      'tiny',
      'fine-tuned',
      'edges',
    ]);
    expect(list.find((e) => e.state === 'here')).toMatchObject({ id: 'mobilenet', name: 'My net', sha256, came: 0 });
    expect(list.filter((e) => e.state === 'downloadable')).toHaveLength(ZOO.length);
    expect(list.find((e) => e.id === first!.id)).toMatchObject({ came: 100, sha256: first!.sha256 });
  });

  it('brings its backbones into a library, by id or from a file, and takes no id for a file', async () => {
    const library = Library.create(join(folder, 'catalogue'));
    const changed: string[] = [];
    const task = { ...silentContext(), changed: (what: string) => changed.push(what) };
    await addToStore(MODEL, { name: 'My net' }, silentContext());
    const stored = await addBackbone(library, { id: 'mobilenet' }, { pooling: 'rmac' }, task);
    expect(stored.spec).toMatchObject({ name: 'My net R-MAC', pooling: 'rmac' });
    const read = await addBackbone(library, { file: MODEL }, { pooling: 'spoc' }, task);
    expect(read.spec).toMatchObject({ name: 'mobilenet SPoC', pooling: 'spoc' });
    expect(changed).toEqual(['networks', 'networks']);
    for (const id of [MODEL, 'package.json', '../mobilenet', ''])
      await expect(addBackbone(library, { id }, { pooling: 'gem' }, task)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    library.close();
  });

  it('states size, hash and licence of every network', () => {
    expect(ZOO.map((z) => z.id)).toContain('resnet101-v1-7');
    for (const z of ZOO) {
      expect(z.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(z.bytes).toBeGreaterThan(1e6);
      expect(z.licence).not.toBe('');
    }
  });
});
