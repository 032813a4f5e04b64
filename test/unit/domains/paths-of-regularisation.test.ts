import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { domainGeneralisation, type DomainNetworks } from '../../../src/main/engine/domains/generalisation.ts';
import { minimise, type Objective } from '../../../src/main/engine/domains/lbfgs.ts';
import * as logistic from '../../../src/main/engine/domains/logistic.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** Descriptors follow from the network and the number of the image; fits are as ever, and what they are given is kept. */
const seen = vi.hoisted(() => ({ described: 0, released: 0 }));
vi.mock('../../../src/main/engine/inputs/inputs.ts', async (original) => ({
  ...(await original<object>()),
  defaultSize: () => 1,
  InputMaker: {
    create: () =>
      Promise.resolve({
        ofFile: (file: string) => Promise.resolve(file),
        release: () => Promise.resolve((seen.released += 1)),
      }),
  },
  describe: (_: unknown, file: string) => {
    seen.described += 1;
    const [label, image] = [file.includes('dog') ? 1 : 0, Number(/(\d+)\.jpg$/.exec(file)![1])];
    return Promise.resolve(Float32Array.of(label + 0.3 * Math.sin(7 * image), Math.cos(3 * image)));
  },
}));
vi.mock('../../../src/main/engine/network/computing.ts', async (original) => ({
  ...(await original<object>()),
  openRunner: () => Promise.resolve({ release: () => Promise.resolve((seen.released += 1)) }),
}));
vi.mock('../../../src/main/engine/domains/logistic.ts', async (original) => {
  const own = await original<typeof logistic>();
  return { ...own, fitLogistic: vi.fn(own.fitLogistic) };
});
const fits = vi.mocked(logistic.fitLogistic);
afterEach(() => {
  fits.mockClear();
  Object.assign(seen, { described: 0, released: 0 });
});

const folder = join(temporaryFolder(), 'domains');
const IMAGES = 24;
for (const d of ['art', 'photo'])
  for (const c of ['cat', 'dog']) {
    mkdirSync(join(folder, d, c), { recursive: true });
    for (let i = 0; i < IMAGES / 4; i += 1) writeFileSync(join(folder, d, c, `${i}.jpg`), '');
  }
const spec = (name: string): unknown => ({ graph: {}, spec: { name, dim: 2 } });
const networks = { pretrained: spec('a'), fineTuned: spec('b'), edges: spec('c') } as unknown as DomainNetworks;
/** Five sets of descriptors; a classifier for each of two domains, and for all but each. */
const CLASSIFIERS = 5 * (2 + 2);

describe('classifiers of domains', () => {
  it('are fitted from strong regularisation to weak, each from the one before, the first from nothing', async () => {
    await domainGeneralisation(networks, { folder, seeds: 1 }, silentContext());
    expect(fits.mock.calls.length).toBe(5 * CLASSIFIERS);
    fits.mock.calls.forEach(([x, labels, rows, classes, lambda, start], i) => {
      expect(lambda).toBe([1e-2, 1e-3, 1e-4, 1e-5, 1e-6][i % 5]);
      if (i % 5 === 0) expect(start).toBeUndefined();
      else expect(start).toBe(fits.mock.results[i - 1]!.value);
      expect([x.rows, classes, labels.length]).toEqual([IMAGES, 2, IMAGES]);
      // Twelve of a domain without one, a tenth, that picks the regularisation.
      expect(rows.length).toBe(11);
      expect(new Set(rows).size).toBe(11);
    });
  });

  it('see what the seed leaves them: a shuffled tenth is held out', async () => {
    await domainGeneralisation(networks, { folder, seeds: 2 }, silentContext());
    const first = fits.mock.calls.map((c) => [...c[2]]);
    const art = Array.from({ length: 12 }, (_, i) => i);
    expect(first[0]).toEqual(random(1).shuffled(art).slice(1));
    expect(first[CLASSIFIERS]).toEqual(random(2).shuffled(art).slice(1));
  });

  it('are asked between images and between fits whether to stop', async () => {
    let checks = 0;
    const task = (most: number): ReturnType<typeof silentContext> => ({
      ...silentContext(),
      check: () => {
        if ((checks += 1) > most) throw cancelled();
      },
    });
    await domainGeneralisation(networks, { folder, seeds: 2 }, task(Infinity));
    expect(checks).toBe(3 * IMAGES + 2 * 5 * CLASSIFIERS);
    for (const most of [0, 30, 3 * IMAGES, 3 * IMAGES + 7]) {
      fits.mockClear();
      Object.assign(seen, { described: 0, released: 0 });
      checks = 0;
      await expect(domainGeneralisation(networks, { folder, seeds: 2 }, task(most))).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      expect(checks).toBe(most + 1);
      expect(seen.described).toBe(Math.min(most, 3 * IMAGES));
      expect(fits.mock.calls.length).toBe(Math.max(0, most - 3 * IMAGES) + (most >= 3 * IMAGES ? 1 : 0));
      // What was opened is closed.
      expect(seen.released).toBe(2 * Math.min(3, Math.floor(most / IMAGES) + 1));
    }
  });
});

describe('L-BFGS', () => {
  it('tries forty lengths of a step and then ends where it is', () => {
    let asked = 0;
    const wrong: Objective = (x, g) => {
      asked += 1;
      g[0] = 1;
      return -x[0]!;
    };
    expect(minimise(wrong, Float64Array.of(3))).toEqual({
      x: Float64Array.of(3),
      value: -3,
      iterations: 0,
      converged: false,
    });
    expect(asked).toBe(1 + 40);
  });

  it('remembers ten pairs', () => {
    const n = 30;
    // A valley of very different curvatures.
    const f: Objective = (x, g) => {
      let value = 0;
      for (let i = 0; i < n; i += 1) {
        const c = 1 + i * i;
        g[i] = c * (x[i]! - 1) + 0.1 * (x[i]! - 1) ** 3;
        value += (c * (x[i]! - 1) ** 2) / 2 + (0.1 * (x[i]! - 1) ** 4) / 4;
      }
      return value;
    };
    const after = (memory?: number): number[] => [
      ...minimise(f, new Float64Array(n), { iterations: 16, tolerance: 0, ...(memory === undefined ? {} : { memory }) })
        .x,
    ];
    expect(after()).toEqual(after(10));
    expect(after()).not.toEqual(after(9));
    expect(after()).not.toEqual(after(11));
    // As long as nothing is forgotten, more memory changes nothing.
    const short = (memory: number): number[] => [
      ...minimise(f, new Float64Array(n), { iterations: 10, tolerance: 0, memory }).x,
    ];
    expect(short(9)).toEqual(short(99));
    expect(short(8)).not.toEqual(short(99));
  });
});
