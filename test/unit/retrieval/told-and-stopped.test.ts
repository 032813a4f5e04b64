import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { DEFAULT_MANIFOLD, mineManifold } from '../../../src/main/engine/mining/manifold.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { GraphCache } from '../../../src/main/engine/retrieval/graph-cache.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { measureTradeoff } from '../../../src/main/engine/retrieval/tradeoff.ts';
import { METHODS, type Method, type RankParameters } from '../../../src/shared/methods/index.ts';
import { heldSessions } from '../../support/held-sessions.ts';
import { defaultParameters } from '../../../src/shared/methods/parameters.ts';

import type { CovisError } from '../../../src/shared/errors.ts';

function vectors(rows: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: 6 * rows }, () => r.between(-0.6, 1)), rows, dim: 6 }, 'x');
}
const ROWS = 90;
const QUERIES = 11;
const database = vectors(ROWS, 1);
const queries = { vectors: vectors(QUERIES, 2), count: QUERIES };

interface Step {
  readonly text: string;
  readonly total: number;
  readonly done: number[];
  checks: number;
}
/** Notes what a task says, and stops it at the n-th look whether it should. */
function listening(stopAt = Infinity): { task: TaskContext; steps: Step[]; checks: () => number } {
  const steps: Step[] = [];
  let checks = 0;
  const task: TaskContext = {
    ...silentContext(),
    step: (name, total, unit) => steps.push({ text: `${name} ${total} ${unit}`, total, done: [], checks: 0 }),
    progress: (done) => steps.at(-1)?.done.push(done),
    check: () => {
      checks += 1;
      const step = steps.at(-1);
      if (step !== undefined) step.checks += 1;
      if (checks >= stopAt) throw cancelled();
    },
  };
  return { task, steps, checks: () => checks };
}
const NEIGHBOURS = `Finding neighbours ${ROWS} descriptors`;
/** How many descriptors the graph of 4 neighbours joins to others. */
async function joined(): Promise<number> {
  const { a } = await new GraphCache(database).graph(4, 3);
  return Array.from({ length: a.nodes }, (_, i) => i).filter((i) => a.starts[i] !== a.starts[i + 1]).length;
}
const EIGEN = `Finding eigenvectors ${await joined()} descriptors`;
const GRAPH = { k: 4, kq: 4 };
const BEFORE: Readonly<Record<Method, [more: object, steps: readonly string[]]>> = {
  cosine: [{}, []],
  ann: [{}, [`Building the index ${ROWS} descriptors`]],
  aqe: [{}, []],
  'alpha-qe': [{}, []],
  dba: [{}, [NEIGHBOURS]],
  'alpha-dba': [{}, [NEIGHBOURS]],
  superglobal: [{ shortlist: 20 }, []],
  cg: [GRAPH, [NEIGHBOURS]],
  iterative: [GRAPH, [NEIGHBOURS]],
  jacobi: [GRAPH, [NEIGHBOURS]],
  truncated: [{ ...GRAPH, shortlist: 30 }, [NEIGHBOURS]],
  fsr: [{ ...GRAPH, rank: 5 }, [NEIGHBOURS, EIGEN]],
  hybrid: [{ ...GRAPH, rank: 5 }, [NEIGHBOURS, EIGEN]],
  offline: [
    { ...GRAPH, truncation: 10 },
    [NEIGHBOURS, NEIGHBOURS, `Diffusing from every descriptor ${ROWS} descriptors`],
  ],
};
async function run(method: Method, task: TaskContext): Promise<void> {
  const p = { ...defaultParameters(method, false), ...BEFORE[method][0] } as RankParameters;
  const ranker = await Ranker.prepare({ vectors: database, images: ROWS }, p, task);
  try {
    await ranker.rank(queries, 7, task);
  } finally {
    await ranker.close();
  }
}

const MANIFOLD = { ...DEFAULT_MANIFOLD, k: 4 };
const TRADEOFF = { k: 4, kq: 4, gamma: 3, alpha: 0.9 };
const WORK: Readonly<Record<string, [work: (task: TaskContext) => Promise<unknown>, steps: readonly string[]]>> = {
  ...Object.fromEntries(
    METHODS.map((m) => [
      `ranking by ${m}`,
      [(task: TaskContext) => run(m, task), [...BEFORE[m][1], `Ranking ${QUERIES} queries`]],
    ]),
  ),
  'ranking of regions': [
    async (task) => {
      const owners = Uint32Array.from({ length: ROWS }, (_, i) => i >> 1);
      const ranker = await Ranker.prepare(
        { vectors: database, owners, images: ROWS / 2 },
        defaultParameters('cosine', true) as RankParameters,
        task,
      );
      await ranker.rank({ ...queries, owners: Uint32Array.from({ length: QUERIES }, (_, i) => i) }, 7, task);
      await ranker.close();
    },
    [`Ranking ${QUERIES} queries`],
  ],
  'mining on manifolds': [
    (task) => mineManifold(database, { ...MANIFOLD, anchors: 'all' }, task),
    [NEIGHBOURS, `Mining anchors ${ROWS} anchors`],
  ],
  'measuring ranks': [
    (task) => measureTradeoff(database, TRADEOFF, 0.2, new GraphCache(database), task),
    // Ranks 0, 5, 10, 20, 40, 80 and as many as there are nodes.
    [NEIGHBOURS, EIGEN, 'Measuring ranks 7 ranks'],
  ],
};

describe.each(Object.keys(WORK))('%s', (name) => {
  const [work, expected] = WORK[name]!;

  it('says each step with its size, and how far it is until its end, and holds nothing then', async () => {
    const { task, steps } = listening();
    const { held, stop } = heldSessions();
    await work(task);
    expect(held()).toEqual({ runners: 0, pools: 0 });
    stop();
    expect(steps.map((s) => s.text)).toEqual(expected);
    for (const { text, total, done } of steps) {
      // One call of the index answers all queries.
      if (name === 'ranking by ann' && text.startsWith('Ranking')) continue;
      expect([text, done.at(-1)]).toEqual([text, total]);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
      expect(new Set(done).size).toBe(done.length);
    }
  });

  it('looks whether it should stop, and does so whenever that is', async () => {
    const whole = listening();
    await work(whole.task);
    for (const { text, done, checks } of whole.steps) {
      // A descriptor is diffused from in no time: every 64 of them are asked about.
      const least = text.startsWith('Diffusing') ? done.length / 64 : done.length;
      expect([text, checks >= least]).toEqual([text, true]);
    }
    const most = whole.checks();
    if (name !== 'ranking by ann') expect(most).toBeGreaterThan(0);
    for (const at of new Set([1, most].filter((n) => n <= most))) {
      const { task } = listening(at);
      const error = await work(task).then(
        () => undefined,
        (e: unknown) => e as CovisError,
      );
      expect([at, error?.code]).toEqual([at, 'CANCELLED']);
    }
  });
});
