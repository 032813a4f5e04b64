import { describe, expect, it, vi } from 'vitest';
import { layOut } from '../../../src/renderer/views/manifold/graph-layout.ts';

const graph = {
  nodes: Array.from({ length: 40 }, (_, i) => ({ photo: `p${i}`, steps: i === 0 ? 0 : i < 9 ? 1 : 2 })),
  edges: Array.from({ length: 39 }, (_, i) => ({ a: i < 8 ? 0 : i % 8, b: i + 1, weight: ((i % 5) + 1) / 5 })),
};
const room = { width: 640, height: 360 };
const places = (l: Awaited<ReturnType<typeof layOut>>) => l!.nodes.map((n) => [n.photo, n.x, n.y]);

/** Every look at the clock is so many milliseconds later. */
async function atPace<T>(ms: number, what: () => Promise<T>): Promise<T> {
  let at = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (at += ms));
  try {
    return await what();
  } finally {
    clock.mockRestore();
  }
}

describe('the graph around a photo', () => {
  it('looks the same in however many pieces it is laid out, and fits its room', async () => {
    const inOne = await atPace(0, () => layOut(graph, room, () => Promise.reject(new Error('nobody waits'))));
    let pauses = 0;
    const inPieces = await atPace(1000, () => layOut(graph, room, () => Promise.resolve((pauses += 1) > 0)));
    expect(places(inPieces)).toEqual(places(inOne));
    expect(pauses).toBe(300);
    for (const { x, y } of inOne!.nodes) {
      expect(Math.abs(x!)).toBeLessThanOrEqual(640 / 2 - 33);
      expect(Math.abs(y!)).toBeLessThanOrEqual(360 / 2 - 33);
    }
    for (const { a, b, from, to } of inOne!.edges) expect([from.photo, to.photo]).toEqual([`p${a}`, `p${b}`]);
    // Nearest are nearer than those two steps away, in the mean.
    const far = (steps: number): number => {
      const of = inOne!.nodes.filter((n) => n.steps === steps);
      const [m] = inOne!.nodes;
      return of.reduce((s, n) => s + Math.hypot(n.x! - m!.x!, n.y! - m!.y!), 0) / of.length;
    };
    expect(far(1)).toBeLessThan(far(2));
  });

  it('is ended where another is asked for', async () => {
    let pauses = 0;
    expect(await atPace(1000, () => layOut(graph, room, () => Promise.resolve((pauses += 1) < 3)))).toBeNull();
    expect(pauses).toBe(3);
  });
});
