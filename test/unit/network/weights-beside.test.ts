import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { ModelProto } from '../../../src/main/engine/network/onnx/schema.ts';
import { halfToFloat } from '../../../src/main/engine/network/onnx/tensors.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { addToStore, storedNetwork } from '../../../src/main/engine/network/zoo.ts';
import { standaloneNetwork } from '../../../src/main/engine/network/embedded.ts';
import { foreign, layer, write } from '../../support/foreign-networks.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'covis-beside-'));
  process.env['COVIS_NETWORKS'] = join(folder, 'store');
});
afterAll(() => {
  delete process.env['COVIS_NETWORKS'];
  rmSync(folder, { recursive: true, force: true });
});

interface Message {
  graph: {
    initializer: {
      name: string;
      dims: unknown[];
      data_type: number;
      raw_data?: Uint8Array;
      int32_data?: number[];
      data_location?: number;
      external_data?: { key: string; value: string }[];
    }[];
  };
}
type Tensor = Message['graph']['initializer'][number];

/** A network in a folder of its own, whose message is changed. @returns its file. */
function changed(name: string, change: (tensors: Tensor[], at: string) => void): string {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  const file = write(
    join(at, 'net.onnx'),
    foreign((b) => layer(b, layer(b, 'x', 3, 4), 4, 6)),
  );
  const message = ModelProto.decode(readFileSync(file)) as unknown as Message;
  change(message.graph.initializer, at);
  writeFileSync(file, ModelProto.encode(message as never).finish());
  return file;
}

/** Moves all weights into a file beside the network, as exporters do. */
function beside(name: string, spoil: (entries: Map<string, string>, at: string) => void = () => undefined): string {
  return changed(name, (tensors, at) => {
    let offset = 0;
    const parts: Uint8Array[] = [];
    for (const t of tensors) {
      const bytes = Uint8Array.from(t.raw_data!);
      parts.push(bytes, new Uint8Array(16));
      const entries = new Map([
        ['location', 'net.onnx.data'],
        ['offset', String(offset)],
        ['length', String(bytes.length)],
      ]);
      offset += bytes.length + 16;
      writeFileSync(join(at, 'net.onnx.data'), Buffer.concat(parts));
      spoil(entries, at);
      delete t.raw_data;
      t.data_location = 1;
      t.external_data = [...entries].map(([key, value]) => ({ key, value }));
    }
  });
}
const weights = async (file: string): Promise<number[]> => {
  const { graph } = await prepareNetwork(file);
  return [...graph.initializers].filter(([n]) => n.startsWith('f/')).flatMap(([, t]) => Array.from(t.data, Number));
};
const refusal = (file: string): Promise<unknown> => prepareNetwork(file).catch((e: unknown) => e);

describe('weights in a file beside the network', () => {
  it('are those of the file that holds all', async () => {
    const whole = await weights(changed('whole', () => undefined));
    expect(await weights(beside('sound'))).toEqual(whole);
    expect(await weights(beside('dotted', (e) => e.set('location', './net.onnx.data')))).toEqual(whole);
    expect(await weights(beside('unsaid', (e) => e.delete('length')))).toEqual(whole);
  });

  it.each(['../net.onnx.data', '/etc/passwd', 'sub/w.data', 'sub\\w.data', '..', '.', '', 'C:w.data', 'a\0b'])(
    'are read from no other place: %j',
    async (location) => {
      const file = beside('elsewhere', (e) => e.set('location', location));
      expect(await refusal(file)).toMatchObject({
        code: 'INPUT_INVALID',
        file,
        message: expect.stringMatching(/only a file beside/),
      });
    },
  );

  it('are not read through a link that leads out of the folder, and through one within it they are', async () => {
    const whole = await weights(beside('target'));
    const file = beside('linked');
    rmSync(join(folder, 'linked', 'net.onnx.data'));
    symlinkSync(join(folder, 'target', 'net.onnx.data'), join(folder, 'linked', 'net.onnx.data'));
    expect(await refusal(file)).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/link that leads out/),
    });
    const within = beside('within', (e) => e.set('location', 'link.data'));
    symlinkSync('net.onnx.data', join(folder, 'within', 'link.data'));
    expect(await weights(within)).toEqual(whole);
  });

  it('that are missing, cut short, or not as long as their shape are said with their file', async () => {
    const missing = beside('missing');
    rmSync(join(folder, 'missing', 'net.onnx.data'));
    expect(await refusal(missing)).toMatchObject({
      code: 'INPUT_MISSING',
      file: join(folder, 'missing', 'net.onnx.data'),
      message: expect.stringMatching(/lie in net\.onnx\.data, which is not beside it/),
    });
    const short = beside('short');
    truncateSync(join(folder, 'short', 'net.onnx.data'), 100);
    expect(await refusal(short)).toMatchObject({
      code: 'INPUT_TRUNCATED',
      file: join(folder, 'short', 'net.onnx.data'),
    });
    for (const [key, value] of [
      ['length', '4'],
      ['offset', '-1'],
      ['offset', '1e3'],
      ['length', '9999999999999999'],
    ])
      expect(await refusal(beside('odd', (e) => e.set(key!, value!)))).toMatchObject({ code: 'INPUT_CORRUPT' });
  });

  it('come with the network into the store, and are refused where nothing reads them', async () => {
    const file = beside('stored');
    const stored = await addToStore(file, {}, silentContext());
    expect(stored.bytes).toBeGreaterThan(readFileSync(file).length);
    rmSync(join(folder, 'stored'), { recursive: true });
    expect((await standaloneNetwork('net')).spec.dim).toBe(6);
    expect(storedNetwork('net')?.bytes).toBe(stored.bytes);
    const alone = beside('alone');
    expect(() => parseOnnx(readFileSync(alone), alone)).toThrow(/stored in another file; save the network as one file/);
  });
});

describe('weights of other types', () => {
  // Sign, exponent 5 bits, fraction 10 bits: 1, -2, the largest, the smallest, zero, 1/3 rounded.
  it('half floats are what IEEE 754 says', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x3555, 0x0400].map(halfToFloat)).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      -0,
      0.333251953125,
      2 ** -14,
    ]);
    expect([0x7c00, 0xfc00, 0x7e00].map(halfToFloat)).toEqual([Infinity, -Infinity, NaN]);
  });

  it.each<[string, number, number, number]>([
    ['half', 10, 0x3800, 0.5],
    ['brain', 16, 0x3f00, 0.5],
    ['half', 10, 0xc200, -3],
    ['brain', 16, 0xc040, -3],
  ])('%s floats are read in both ways that ONNX has (%i, %i)', async (_, type, bits, value) => {
    for (const raw of [true, false]) {
      const file = changed(`typed-${type}-${bits}-${raw}`, (tensors) => {
        for (const t of tensors) {
          const n = t.dims.reduce<number>((p, d) => p * Number(d), 1);
          t.data_type = type;
          if (raw) t.raw_data = new Uint8Array(new Uint16Array(n).fill(bits).buffer);
          else {
            delete t.raw_data;
            t.int32_data = new Array<number>(n).fill(bits);
          }
        }
      });
      expect(new Set(await weights(file))).toEqual(new Set([value]));
    }
  });
});
