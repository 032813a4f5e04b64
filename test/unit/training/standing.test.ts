import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { chooseDefault, defaultNetworks } from '../../../src/main/engine/network/default-network.ts';
import {
  ensureDefaultNetwork,
  defaultNetworkOf,
  loadNetwork,
  storeNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { decideDefault } from '../../../src/main/engine/training/standing.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
let parent: NetworkRow;
let other: (name: string) => NetworkRow;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  parent = ensureDefaultNetwork(library);
  const { graph, spec } = loadNetwork(library, parent);
  other = (name) => storeNetwork(library, graph, { ...spec, name }, parent.uid);
});
afterAll(() => library.close());

const never = (): Promise<number> => Promise.reject(new Error('not to be measured'));

describe('a trained network', () => {
  it('stays beside the default where it is worse or the same, and the reason is kept', async () => {
    const result = other('worse');
    const worse = await decideDefault(library, { run: 1, parent, result, before: 0.997, after: 0.981, measure: never });
    expect(worse).toEqual({
      network: parent.uid,
      name: parent.spec.name,
      changed: false,
      reason: `Kept ${parent.spec.name} as the default: 0.981 of worse is below 0.997`,
    });
    expect(defaultNetworkOf(library).uid).toBe(parent.uid);
    expect(defaultNetworks(library)[0]?.reason).toBe('0.981 of worse is below 0.997 (run 1)');
    const same = await decideDefault(library, { run: 2, parent, result, before: 0.5, after: 0.5, measure: never });
    expect(same).toMatchObject({ changed: false, reason: expect.stringMatching(/no more than 0\.500/) as string });
  });

  it('stays beside the default where nothing was measured', async () => {
    const unmeasured = { run: 3, parent, result: other('unmeasured'), before: null, after: null, measure: never };
    expect(await decideDefault(library, unmeasured)).toMatchObject({
      changed: false,
      reason: expect.stringMatching(/was not measured/) as string,
    });
  });

  it('becomes the default where it is better, with as many digits as that takes', async () => {
    const result = other('better');
    const better = await decideDefault(library, {
      run: 4,
      parent,
      result,
      before: 0.90001,
      after: 0.90004,
      measure: never,
    });
    expect(better).toMatchObject({ changed: true, network: result.uid });
    expect(better.reason).toBe(`better is the default now: 0.90004 is above the 0.90001 of ${parent.spec.name}`);
    expect(defaultNetworkOf(library).uid).toBe(result.uid);
  });

  it('is measured beside the default where it was not made of that', async () => {
    const standard = defaultNetworkOf(library);
    const result = other('better than its parent alone');
    const asked: string[] = [];
    const measure = (n: NetworkRow): Promise<number> => Promise.resolve(asked.push(n.uid) - 0.2);
    const kept = await decideDefault(library, { run: 5, parent, result, before: 0.1, after: 0.6, measure });
    expect(asked).toEqual([standard.uid]);
    expect(kept).toMatchObject({ changed: false, network: standard.uid });
  });
});

describe('a training run', () => {
  const run = { ...DEFAULT_TRAINING, epochs: 1, queriesPerEpoch: 4, size: 96, seed: 3 };

  it('that ruins the network does not make it the default, and says so', async () => {
    chooseDefault(library, parent);
    const r = await train(library, parent, { ...run, learningRate: 0.05 }, silentContext());
    const [before, after] = [
      library.db.prepare('SELECT map_before FROM training_run WHERE id = ?').pluck().get(r.trainingId) as number,
      r.epochs[0]!.map!,
    ];
    expect(after).toBeLessThan(before);
    expect(r.standing).toMatchObject({ changed: false, network: parent.uid });
    expect(defaultNetworkOf(library).uid).toBe(parent.uid);
  });

  it('that is stopped does not either', async () => {
    let stop = false;
    const task = {
      ...silentContext(),
      check: () => {
        if (stop) throw cancelled();
      },
      step: (name: string) => {
        if (name.startsWith('Measuring epoch')) stop = true;
      },
    };
    const networks = (): number => library.db.prepare('SELECT COUNT(*) FROM network').pluck().get() as number;
    const count = networks();
    await expect(train(library, parent, { ...run, learningRate: 1e-6 }, task)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(networks()).toBe(count + 1);
    expect(defaultNetworkOf(library).uid).toBe(parent.uid);
  });
});

describe('a run from another network than the default', () => {
  it('measures the default as it was measured itself', async () => {
    const standard = other('the same as its parent');
    chooseDefault(library, standard);
    const r = await train(
      library,
      parent,
      { ...DEFAULT_TRAINING, epochs: 1, queriesPerEpoch: 4, size: 96, seed: 3, learningRate: 0.05 },
      silentContext(),
    );
    const before = library.db.prepare('SELECT map_before FROM training_run WHERE id = ?').pluck().get(r.trainingId);
    // The default has the weights of the parent, so it measures the same.
    expect(r.standing).toMatchObject({ changed: false, network: standard.uid });
    expect(r.standing?.reason).toContain(`is below ${(before as number).toFixed(3)}`);
  });
});
