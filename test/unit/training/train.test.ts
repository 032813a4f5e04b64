import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { decode, toInput } from '../../../src/main/engine/library/pixels.ts';
import { currentPhoto } from '../../../src/main/engine/library/photos.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import {
  ensureDefaultNetwork,
  loadNetwork,
  readNetworkFile,
  storeNetwork,
} from '../../../src/main/engine/network/networks.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { Adam } from '../../../src/main/engine/training/adam.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { withParameters } from '../../../src/main/engine/training/training-graph.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SMALL = { ...DEFAULT_TRAINING, epochs: 2, queriesPerEpoch: 6, size: 128 };
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
});
afterAll(() => library.close());

describe('training', () => {
  it('gives the same numbers twice from the same seed, and others from another', async () => {
    const start = ensureDefaultNetwork(library);
    const run = async (seed: number): Promise<unknown> => {
      const r = await train(library, start, { ...SMALL, seed }, silentContext());
      return { network: r.network.uid, losses: r.epochs.map((e) => e.loss) };
    };
    const first = await run(1);
    expect(await run(1)).toEqual({ ...(first as object), network: expect.any(String) });
    expect(await run(2)).not.toEqual(first);
  });

  it('lowers the loss of the tuples it trains on, and its ONNX file gives the same descriptor as in training', async () => {
    const network = loadNetwork(library, ensureDefaultNetwork(library));
    const trainer = await OrtExecutor.create(network.graph);
    const adam = await Adam.create(trainer.parameters);
    const places = [...splitPlaces(library, 0).training];
    const of = (i: number): Promise<Awaited<ReturnType<typeof decode>>> =>
      decode(currentPhoto(library, places[i]!), 128);
    const photos = [await of(0), await of(1), await of(14), await of(27)];
    const losses: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      trainer.gradients.clear();
      losses.push(
        (
          await trainer.accumulate(
            photos.map((x) => toInput(x, network.spec.preprocess)),
            { kind: 'contrastive', margin: 0.7, weight: 1 },
          )
        ).loss,
      );
      adam.step(trainer.gradients.arrays, { learningRate: 5e-5, weightDecay: 0 });
    }
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
    const input = toInput(photos[1]!, network.spec.preprocess);
    const inTraining = (await trainer.describe([input]))[0]!;
    const bytes = encodeOnnx(withParameters(network.graph, trainer.parameters));
    const runner = await Runner.create(normalise(parseOnnx(bytes, 'trained'), 'trained'));
    const written = (await runner.run({ image: input }))['descriptor']!;
    await runner.release();
    await trainer.release();
    written.forEach((v, i) => expect(Math.abs(v - inTraining[i]!)).toBeLessThan(1e-4));
  });

  it('keeps what was learned when it is stopped, and says so', async () => {
    let tuples = 0;
    const task = {
      ...silentContext(),
      progress: () => (tuples += 1),
      check: () => {
        if (tuples > 66 + 8) throw cancelled();
      },
    };
    await expect(
      train(library, ensureDefaultNetwork(library), { ...SMALL, seed: 3, epochs: 50 }, task),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    const run = listTrainingRuns(library)[0]!;
    expect(run.state).toBe('stopped');
    expect(run.result).not.toBeNull();
    const { spec } = readNetworkFile(library.file('networks', `${run.result}.onnx`));
    expect(spec.origin).toContain('stopped');
  });

  it("of a network that cannot be differentiated is refused by the operator's name and leaves no run behind", async () => {
    const { graph, spec } = loadNetwork(library, ensureDefaultNetwork(library));
    const at = graph.nodes.findIndex((n) => n.op === 'Clip');
    const odd = {
      ...graph,
      nodes: graph.nodes.map((n, i) => (i === at ? { ...n, op: 'Round', inputs: [n.inputs[0]!] } : n)),
    };
    const row = storeNetwork(library, odd, { ...spec, name: 'odd' }, null);
    const before = listTrainingRuns(library).length;
    await expect(train(library, row, SMALL, silentContext())).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('Round'),
    });
    expect(listTrainingRuns(library).length).toBe(before);
  });

  it('never trains on a held-out place', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const s = splitPlaces(library, seed);
      const place = (id: number): unknown => library.db.prepare('SELECT place FROM photo WHERE id = ?').pluck().get(id);
      const trained = new Set([...s.training].map(place));
      expect([...s.heldOut].some((id) => trained.has(place(id)))).toBe(false);
      expect(s.heldOut.size).toBeGreaterThan(0);
    }
  });
});

describe('random numbers', () => {
  it('depend on the seed alone', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, random(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect([...random(3).shuffled([1, 2, 3, 4, 5])].sort()).toEqual([1, 2, 3, 4, 5]);
  });
});
