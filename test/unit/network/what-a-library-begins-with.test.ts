import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { defaultSize } from '../../../src/main/engine/inputs/inputs.ts';
import { addBackbone, networkCatalogue } from '../../../src/main/engine/network/catalogue.ts';
import { embeddedNetwork, standaloneNetwork } from '../../../src/main/engine/network/embedded.ts';
import {
  defaultNetworkOf,
  ensureDefaultNetwork,
  listNetworks,
  loadNetwork,
  resolveNetwork,
} from '../../../src/main/engine/network/networks.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { makeNetworks } from '../../../src/main/engine/work/check-repair.ts';
import { temporaryFolder } from '../../support/folders.ts';

// Networks of megabytes take their time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = temporaryFolder();
const said = process.env['COVIS_NETWORK'];
let n = 0;
let library: Library;
const begin = (): Library => Library.create(join(folder, `library-${(n += 1)}`));
beforeEach(() => {
  delete process.env['COVIS_NETWORK'];
  library = begin();
});
afterEach(() => {
  library.close();
  process.env['COVIS_NETWORK'] = said;
});
const names = (): string[] => listNetworks(library).map((x) => x.name);

describe('a new library', () => {
  it('begins with EfficientNet-Lite0, which describes photos of 640 px by 320 numbers', async () => {
    const { uid, spec } = ensureDefaultNetwork(library);
    expect(spec).toMatchObject({ name: 'EfficientNet-Lite0 GeM', dim: 320, pooling: 'gem', licence: 'Apache-2.0' });
    expect(spec.preprocess).toEqual({ order: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] });
    expect(defaultSize(spec)).toBe(640);
    expect(defaultNetworkOf(library).uid).toBe(uid);
    expect((await standaloneNetwork()).spec).toEqual(spec);
    // What it computes: one row of unit length a photo, of any sides.
    const runner = await Runner.create(loadNetwork(library, ensureDefaultNetwork(library)).graph);
    const image = { dims: [1, 3, 65, 96], data: Float32Array.from({ length: 3 * 65 * 96 }, (_, i) => Math.sin(i)) };
    const descriptor = (await runner.run({ image }))['descriptor']!;
    await runner.release();
    expect(descriptor).toHaveLength(320);
    expect(Math.hypot(...descriptor)).toBeCloseTo(1, 4);
  });

  it('begins with the small one where COVIS_NETWORK says so, and with none that is not there', () => {
    process.env['COVIS_NETWORK'] = 'tiny';
    expect(ensureDefaultNetwork(library).spec).toMatchObject({ name: 'MobileNetV1 0.25 GeM', dim: 256 });
    expect(defaultSize(ensureDefaultNetwork(library).spec)).toBe(320);
    process.env['COVIS_NETWORK'] = 'resnet50';
    const other = begin();
    expect(() => ensureDefaultNetwork(other)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining('resnet50') as string }),
    );
    other.close();
  });
});

describe('a library that began with the small network', () => {
  beforeEach(() => {
    process.env['COVIS_NETWORK'] = 'tiny';
    ensureDefaultNetwork(library);
    delete process.env['COVIS_NETWORK'];
  });

  it('keeps it, also where its file is gone or damaged', async () => {
    const { uid } = ensureDefaultNetwork(library);
    expect(names()).toEqual(['MobileNetV1 0.25 GeM']);
    const file = library.file('networks', `${uid}.onnx`);
    const whole = readFileSync(file);
    rmSync(file);
    expect(ensureDefaultNetwork(library).uid).toBe(uid);
    expect(readFileSync(file).equals(whole)).toBe(true);
    writeFileSync(file, whole.subarray(0, 1000));
    const broken = { path: file, of: uid, sound: () => false, depends: () => [] };
    await makeNetworks(library, [broken], silentContext());
    expect(statSync(file).size).toBe(whole.length);
    expect(names()).toEqual(['MobileNetV1 0.25 GeM']);
    expect((await resolveNetwork(library, 'embedded', 'default')).uid).toBe(uid);
  });

  it('takes the other in by its name, and begins with its own all the same', async () => {
    const { uid } = ensureDefaultNetwork(library);
    const added = await resolveNetwork(library, 'efficientnet-lite0', 'embedded');
    expect(added.spec.dim).toBe(320);
    expect((await addBackbone(library, { id: 'efficientnet-lite0' }, {}, silentContext())).uid).toBe(added.uid);
    expect(names()).toEqual(['MobileNetV1 0.25 GeM', 'EfficientNet-Lite0 GeM']);
    expect(ensureDefaultNetwork(library).uid).toBe(uid);
    expect(defaultNetworkOf(library).uid).toBe(uid);
    const pooled = addBackbone(library, { id: 'tiny' }, { pooling: 'mac' }, silentContext());
    await expect(pooled).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

it('lists both with size and digest of their files', () => {
  const embedded = networkCatalogue().filter((e) => e.state === 'embedded');
  expect(embedded.map((e) => [e.id, e.bytes, e.sha256.slice(0, 8)]).slice(0, 2)).toEqual([
    ['efficientnet-lite0', 11_785_713, 'ddb58581'],
    ['tiny', 864_761, '585ad99d'],
  ]);
  expect(embeddedNetwork('photos').spec.name).toBe('EfficientNet-Lite0 GeM');
});
