import { describe, expect, it } from 'vitest';
import type { TupleInfo } from '../../../src/shared/domain.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

async function opened(answers: FakeEngine['answers']) {
  const engine = fakeEngine({ 'tuples.open': () => ({ list: 'l1', total: 3 }), ...answers });
  const { useTupleList } = await import('../../../src/renderer/views/tuples/tuple-list.ts');
  const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
  const tuples = useTupleList();
  await tuples.open(1, {}, 'mined');
  const said = (): string[] => useNotices().notices.map((n) => `${n.kind}: ${n.text}`);
  return { engine, tuples, said };
}
const gone = (): never => {
  throw new CovisError('NOT_FOUND', 'This list of tuples is no longer kept');
};

describe('the place of a tuple in the list', () => {
  it('is what the engine says, -1 where the filter leaves it out', async () => {
    const { tuples, said } = await opened({ 'tuples.find': ({ index }) => ({ position: index === 7 ? 2 : -1 }) });
    expect([await tuples.find(7), await tuples.find(8)]).toEqual([2, -1]);
    expect(said()).toEqual([]);
  });

  it('is asked for again of a list that is opened anew where the engine has let go of it', async () => {
    const { engine, tuples, said } = await opened({
      'tuples.find': ({ list }) => (list === 'l2' ? { position: 1 } : gone()),
    });
    engine.answers['tuples.open'] = () => ({ list: 'l2', total: 3 });
    expect(await tuples.find(7)).toBe(1);
    expect(said()).toEqual([]);
  });

  it('is unknown where asking failed, which is said, and not taken for left out', async () => {
    const { tuples, said } = await opened({
      'tuples.find': () => {
        throw new CovisError('INTERNAL', 'The database is locked');
      },
    });
    expect(await tuples.find(7)).toBeUndefined();
    expect(said()).toEqual(['error: The database is locked']);
  });

  it('is unknown where the list cannot be opened again, which is said', async () => {
    const { engine, tuples, said } = await opened({ 'tuples.find': gone });
    engine.answers['tuples.open'] = () => {
      throw new CovisError('NOT_FOUND', 'There is no mining run 1');
    };
    expect(await tuples.find(7)).toBeUndefined();
    expect(said()).toEqual(['error: There is no mining run 1']);
  });
});

describe('pages of a list that is scrolled fast', () => {
  it('are asked for a few at once, and those that were scrolled past not at all', async () => {
    const held: (() => void)[] = [];
    const { engine, tuples } = await opened({
      'tuples.open': () => ({ list: 'l1', total: 50_000 }),
      'tuples.page': ({ from }) =>
        new Promise((resolve) => held.push(() => resolve({ tuples: [{ index: from } as unknown as TupleInfo] }))),
    });
    const pages = () =>
      engine.asked
        .filter((a) => a.route === 'tuples.page')
        .map((a) => (a.params as { from: number }).from / tuples.pageSize);
    for (let row = 0; row < 50_000; row += 10 * tuples.pageSize) tuples.want(row, row + 12);
    await settled();
    expect(pages()).toEqual([0, 1, 10, 11]);
    while (held.length > 0) {
      held.shift()!();
      await settled();
    }
    expect(pages()).toEqual([0, 1, 10, 11, 990, 991, 989]);
    expect(tuples.at(49_500)?.index).toBe(49_500);
  });
});
