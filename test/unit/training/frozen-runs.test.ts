import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { blocksOf } from '../../../src/main/engine/network/freeze.ts';
import { ensureDefaultNetwork, loadNetwork } from '../../../src/main/engine/network/networks.ts';
import type { TensorData } from '../../../src/main/engine/network/onnx/graph.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SHORT = { ...DEFAULT_TRAINING, epochs: 1, queriesPerEpoch: 2, batch: 1, size: 96, learningRate: 1e-3 };
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
});
afterAll(() => library.close());

/** Weights of the result that are not those of the start, by what they follow. */
async function changed(freeze: string): Promise<{ names: string[]; frozen: string | undefined }> {
  const start = loadNetwork(library, ensureDefaultNetwork(library));
  const { network, frozen } = await train(library, start, { ...SHORT, freeze }, silentContext());
  const after = loadNetwork(library, network).graph.initializers;
  const same = (a: TensorData, b: TensorData): boolean => Buffer.compare(bytes(a), bytes(b)) === 0;
  const names = [...start.graph.initializers].flatMap(([name, t]) =>
    same(t.data, after.get(name)!.data) ? [] : [name],
  );
  return { names, frozen };
}
const bytes = (d: TensorData): Buffer => Buffer.from(d.buffer, d.byteOffset, d.byteLength);

describe('a run with frozen blocks', () => {
  it('leaves their weights as they were, to the last bit, and moves the others', async () => {
    const blocks = blocksOf(loadNetwork(library, ensureDefaultNetwork(library)).graph);
    const { names, frozen } = await changed('20');
    const last = blocks.slice(20).flatMap((b) => b.weights);
    expect(new Set(names)).toEqual(new Set([...last, GEM_P]));
    expect(frozen).toMatch(/^The first 20 of 27 blocks stay as they are/);
    expect(listTrainingRuns(library)[0]!.parameters.freeze).toBe('20');
  });

  it('moves the head alone where all but that stays', async () => {
    const { names, frozen } = await changed('head');
    expect(names).toEqual([GEM_P]);
    expect(frozen).toBe('The head alone learns: 1 of 210,337 weights');
  });

  it('is refused where nothing would learn, before anything is noted', async () => {
    const before = listTrainingRuns(library).length;
    const start = ensureDefaultNetwork(library);
    await expect(train(library, start, { ...SHORT, freeze: '27' }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      hint: expect.stringContaining('--freeze 1 to 26') as string,
    });
    expect(listTrainingRuns(library).length).toBe(before);
  });
});
