import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { networkInWords } from '../../../src/shared/networks-in-words.ts';
import { prepareNetwork, type BackboneOptions } from '../../../src/main/engine/network/networks.ts';
import type { Dim } from '../../../src/main/engine/network/onnx/graph.ts';
import { takeApart } from '../../../src/main/engine/network/parts.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { foreign, onRuntime, smallVit, unit, waves, weight, write } from '../../support/foreign-networks.ts';

// Networks of megabytes take their time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = temporaryFolder();
let count = 0;

function vit(others: number, output: 'class' | 'tokens', dims?: readonly Dim[]): string {
  return write(join(folder, `vit-${(count += 1)}.onnx`), smallVit(others, output, dims));
}
const free: readonly Dim[] = [1, 3, 'H', 'W'];

async function described(path: string, options: BackboneOptions, [h, w] = [32, 32]): Promise<number[]> {
  const { graph } = await prepareNetwork(path, options);
  const runner = await Runner.create(graph);
  const out = (await runner.run({ image: waves(h!, w!) }))['descriptor']!;
  await runner.release();
  return [...out];
}

/** What the tokens give, written out: rows of 8 values. */
async function tokensOf(tokens: string, [h, w] = [32, 32]): Promise<number[][]> {
  const { data, dims } = (await onRuntime(tokens, { x: waves(h!, w!) }))['normal']!;
  return Array.from({ length: dims[1]! }, (_, t) => [...data.subarray(8 * t, 8 * t + 8)]);
}
const gem = (rows: readonly number[][]): number[] =>
  rows[0]!.map((_, c) => (rows.reduce((s, r) => s + Math.max(r[c]!, 1e-6) ** 3, 0) / rows.length) ** (1 / 3));
const close = (got: readonly number[], expected: readonly number[]): void => {
  expect(got).toHaveLength(expected.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 4));
};

describe('a network that gives tokens', () => {
  for (const others of [1, 5])
    it(`describes by its class token, by its patches behind ${others} others, or by both`, async () => {
      const path = vit(others, 'tokens');
      const rows = await tokensOf(path);
      expect(rows).toHaveLength(16 + others);
      const [first, patches] = [unit(rows[0]!), unit(gem(rows.slice(others)))];
      close(await described(path, { tokens: 'class' }), first);
      close(await described(path, { tokens: 'patches' }), patches);
      close(await described(path, { tokens: 'both' }), unit([...first, ...patches]));
      const most = rows.slice(others).reduce((a, r) => a.map((v, c) => Math.max(v, r[c]!)));
      close(await described(path, { tokens: 'patches', pooling: 'mac' }), unit(most));
    });

  it('is looked at for them where its own output is the class token alone', async () => {
    const [path, tokens] = [vit(1, 'class'), vit(1, 'tokens')];
    const rows = await tokensOf(tokens);
    close(await described(path, {}), unit(rows[0]!));
    close(await described(path, { tokens: 'patches' }), unit(gem(rows.slice(1))));
    close(await described(path, { tokens: 'patches', output: 'normal' }), unit(gem(rows.slice(1))));
    const { spec } = await prepareNetwork(path, { tokens: 'both' });
    expect(spec).toMatchObject({ dim: 16, taken: { kind: 'vector' }, input: { height: 32, width: 32 } });
    expect(networkInWords(spec, null)[0]).toContain('the class token and the 16 patch tokens of normal');
  });

  it('of free size has patches in the grid of each photo, whose regions can be looked at', async () => {
    const path = vit(1, 'tokens', free);
    for (const sides of [
      [32, 48],
      [64, 40],
    ] as [number, number][]) {
      const rows = await tokensOf(path, sides);
      expect(rows).toHaveLength(1 + (sides[0] / 8) * (sides[1] / 8));
      close(await described(path, { tokens: 'patches' }, sides), unit(gem(rows.slice(1))));
    }
    const { graph, spec } = await prepareNetwork(path, { tokens: 'patches' });
    expect(spec).toMatchObject({ pooling: 'gem', features: 'tokens/map', taken: { kind: 'map' } });
    const parts = takeApart(graph, spec);
    expect(parts.maps).toEqual(['tokens/map']);
    const runner = await Runner.create(parts.body);
    const map = (await runner.runShaped({ image: waves(40, 64) }))['tokens/map']!;
    await runner.release();
    expect(map.dims).toEqual([1, 8, 5, 8]);
    // Row by row: the third patch of the second row is number 1 * 8 + 2.
    const rows = await tokensOf(path, [40, 64]);
    for (let c = 0; c < 8; c += 1) expect(map.data[c * 40 + 10]!).toBeCloseTo(rows[1 + 10]![c]!, 5);
  });

  it('is refused without a word of which, and for what it does not have', async () => {
    const refused = (path: string, options: BackboneOptions): Promise<unknown> =>
      prepareNetwork(path, options).then(
        () => 'taken',
        (e: unknown) => e,
      );
    const [tokens, plain] = [vit(1, 'tokens'), vit(0, 'tokens')];
    expect(await refused(tokens, {})).toMatchObject({ hint: expect.stringContaining('--tokens') as string });
    for (const part of ['class', 'both'] as const)
      expect(await refused(plain, { tokens: part })).toMatchObject({
        code: 'INPUT_UNSUPPORTED',
        message: expect.stringContaining('no class token') as string,
      });
    expect(await prepareNetwork(plain, { tokens: 'patches' })).toMatchObject({ spec: { dim: 8 } });
    const cnn = foreign((b) => b.op('Relu', [b.op('Conv', ['x', weight(b, [4, 3, 3, 3])])]));
    const file = write(join(folder, 'cnn.onnx'), cnn);
    expect(await refused(file, { tokens: 'patches' })).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(await refused(tokens, { tokens: 'patches', output: 'nowhere' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(tokens, { tokens: 'patches', output: 'map' })).toMatchObject({ code: 'INPUT_INVALID' });
    expect(await refused(tokens, { tokens: 'patches', cut: 'normal' })).toMatchObject({ code: 'INPUT_INVALID' });
  });
});
