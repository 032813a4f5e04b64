import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { Adam } from '../../../src/main/engine/training/adam.ts';
import { GradientSum } from '../../../src/main/engine/training/gradient-sum.ts';
import { Sgd } from '../../../src/main/engine/training/optimisers.ts';

const v = (...x: number[]): Float32Array => Float32Array.from(x);

describe('gradient descent with momentum', () => {
  it('does what its formula says', () => {
    const parameter = { name: 'w', dims: [1], data: v(1) };
    const sgd = new Sgd([parameter], 0.9);
    let [w, velocity] = [1, 0];
    [0.5, -0.2, 0.3].forEach((g, t) => {
      sgd.step([v(g)], { learningRate: 0.1, weightDecay: 0.01 });
      velocity = 0.9 * velocity + (t === 0 ? 1 : 0.1) * (g + 0.01 * w);
      w -= 0.1 * velocity;
      expect(parameter.data[0]).toBeCloseTo(w, 6);
    });
  });
});

describe('Adam', () => {
  const parameter = (
    name: string,
    length: number,
    seed: number,
  ): { name: string; dims: number[]; data: Float32Array } => {
    const r = random(seed);
    return { name, dims: [length], data: Float32Array.from({ length }, () => r.next() - 0.5) };
  };
  /** Sizes that are no multiple of four, and more than what the kernel takes at once. */
  const made = (): ReturnType<typeof parameter>[] => [
    parameter('a', 1, 1),
    parameter('b', 7, 2),
    parameter('c', 40_003, 3),
    parameter(GEM_P, 1, 4),
  ];
  const gradient = (t: number, i: number, k: number): number => Math.sin(t + 3 * i + k) * 10 ** -(k % 5);

  it('does what its formula says, weight by weight, in double precision', async () => {
    const parameters = made();
    const expected = parameters.map((p) => Float64Array.from(p.data));
    const moments = expected.map((e) => [new Float64Array(e.length), new Float64Array(e.length)] as const);
    const adam = await Adam.create(parameters);
    for (let t = 1; t <= 4; t += 1) {
      adam.step(
        parameters.map((p, i) => p.data.map((_, k) => gradient(t, i, k))),
        { learningRate: 1e-2, weightDecay: 0.1 },
      );
      expected.forEach((w, i) => {
        // GeM's exponent learns ten times as fast and does not decay.
        const [rate, decay] = parameters[i]!.name === GEM_P ? [1e-1, 0] : [1e-2, 0.1];
        const [m, s] = moments[i]!;
        w.forEach((_, k) => {
          const g = gradient(t, i, k) + decay * w[k]!;
          m[k] = 0.9 * m[k]! + 0.1 * g;
          s[k] = 0.999 * s[k]! + 0.001 * g * g;
          w[k]! -= (rate * m[k]!) / (1 - 0.9 ** t) / (Math.sqrt(s[k]! / (1 - 0.999 ** t)) + 1e-8);
        });
      });
    }
    parameters.forEach((p, i) => p.data.forEach((x, k) => expect(Math.abs(x - expected[i]![k]!)).toBeLessThan(1e-5)));
  });

  it('goes on from its state as if it had not stopped', async () => {
    const [whole, parted] = [made(), made()];
    const step = (adam: Adam, of: ReturnType<typeof made>, t: number): void =>
      adam.step(
        of.map((p, i) => p.data.map((_, k) => gradient(t, i, k))),
        { learningRate: 1e-2, weightDecay: 0 },
      );
    const [a, b] = [await Adam.create(whole), await Adam.create(parted)];
    [1, 2, 3].forEach((t) => step(a, whole, t));
    [1, 2].forEach((t) => step(b, parted, t));
    const saved = { steps: b.state.steps, arrays: b.state.arrays.map((x) => x.slice()) };
    const c = await Adam.create(parted);
    c.restore(saved);
    step(c, parted, 3);
    expect(parted).toEqual(whole);
    expect(c.state).toEqual(a.state);
  });
});

describe('sums of gradients', () => {
  it('add, scale and begin anew, also where two parameters share one gradient', () => {
    const sum = new GradientSum([{ data: v(0, 0) }, { data: v(0, 0) }]);
    expect(sum.arrays).toEqual([v(0, 0), v(0, 0)]);
    sum.clear();
    const shared = v(1, 2);
    sum.add([shared, shared]);
    sum.add([v(1, 1), v(10, 10)]);
    expect(sum.arrays).toEqual([v(2, 3), v(11, 12)]);
    sum.scale(2);
    expect(sum.arrays).toEqual([v(4, 6), v(22, 24)]);
    sum.clear();
    sum.add([v(5, 5), v(6, 6)]);
    expect(sum.arrays).toEqual([v(5, 5), v(6, 6)]);
  });
});
