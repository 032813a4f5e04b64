import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import { ensureDefaultNetwork, readNetworkFile } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { multiScaleNetwork } from '../../../src/main/engine/training/whiten.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const PARAMETERS: TrainingParameters = {
  ...DEFAULT_TRAINING,
  mining: { ...DEFAULT_TRAINING.mining, count: 2 },
  backend: 'cpu',
  epochs: 1,
  queriesPerEpoch: 4,
  batch: 2,
  size: 64,
};

describe('equal runs', () => {
  it('give one network, whatever their numbers are, here and in another library', { timeout: 120_000 }, async () => {
    const one = await smallLibrary(join(folder, 'one'));
    const start = ensureDefaultNetwork(one);
    const first = await train(one, start, PARAMETERS, silentContext());
    const second = await train(one, start, PARAMETERS, silentContext());
    expect([first.trainingId, second.trainingId]).toEqual([1, 2]);
    expect(second.network.uid).toBe(first.network.uid);
    expect(listTrainingRuns(one).map((r) => [r.id, r.state, r.result])).toEqual([
      [2, 'done', first.network.uid],
      [1, 'done', first.network.uid],
    ]);

    const other = await smallLibrary(join(folder, 'other'));
    // Its first run was another.
    other.db
      .prepare(
        "INSERT INTO training_run (created, state, pid, network_id, parameters, device) VALUES ('2026', 'failed', 1, 1, '{}', '')",
      )
      .run();
    const there = await train(other, ensureDefaultNetwork(other), PARAMETERS, silentContext());
    expect([there.trainingId, there.network.uid]).toEqual([2, first.network.uid]);
    // People find them by the number of their run all the same, and what is made of them is equal, too.
    expect([first.network.spec.name, there.network.spec.name]).toEqual([
      `${start.spec.name} · run 1`,
      `${start.spec.name} · run 2`,
    ]);
    const { spec } = readNetworkFile(one.file('networks', `${first.network.uid}.onnx`));
    expect([spec.name, /\brun\b/.test(spec.origin)]).toEqual([`${start.spec.name} · fine-tuned`, false]);
    const [here, away] = [
      multiScaleNetwork(one, first.network, [1, 0.5]),
      multiScaleNetwork(other, there.network, [1, 0.5]),
    ];
    expect(away.uid).toBe(here.uid);
    expect(away.spec.name).toBe(`${start.spec.name} · run 2 · 2 scales`);
    one.close();
    other.close();
  });
});
