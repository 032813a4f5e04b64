import { describe, expect, it } from 'vitest';
import { inOrder, measuredQueries } from '../../../src/main/engine/evaluation/measured-queries.ts';
import { measurementDetail, openedMeasurement } from '../../../src/main/engine/evaluation/library-measure.ts';
import { Library, now } from '../../../src/main/engine/library/library.ts';
import type { QueryScoreInfo } from '../../../src/shared/domain.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { join } from 'node:path';

const query = (index: number, name: string, ap: number): QueryScoreInfo => ({
  ...{ query: name, index, ap, positives: 4, found: 2, first: 1, precisionAt: { '1': 1 }, photo: null },
});
const HERE = [query(0, 'd', 0.5), query(1, 'b', 0.9), query(2, 'a', 0.5), query(3, 'c', 0.2)];
const THERE = [query(0, 'd', 0.503), query(1, 'b', 0.4), query(2, 'c', 0.8)];

describe('queries of a measurement', () => {
  it('come in an order, equal ones as the ground truth has them', () => {
    const names = (order: Parameters<typeof inOrder>[2], others = THERE): string =>
      inOrder(HERE, others, order)
        .queries.map((q) => q.query)
        .join('');
    expect(names('worst')).toBe('cdab');
    expect(names('best')).toBe('bdac');
    expect(names('name')).toBe('abcd');
    // By 0.6, by 0.5, by 0.003; a is not there, and does not differ.
    expect(names('change')).toBe('cbda');
    expect(names('gain')).toBe('bdc');
    expect(names('gain', [])).toBe('');
  });

  it('stand beside those of another measurement; what differs by little is neither won nor lost', () => {
    const { queries, wins, losses } = inOrder(HERE, THERE, 'worst');
    expect(queries.map((q) => q.other)).toEqual([0.8, 0.503, null, 0.4]);
    expect([wins, losses]).toEqual([1, 1]);
    const alone = inOrder(HERE, [], 'worst');
    expect([alone.wins, alone.losses, alone.queries.every((q) => q.other === null)]).toEqual([0, 0, true]);
  });

  it('are read by pages; the measurement itself comes without them', () => {
    const library = Library.create(join(temporaryFolder(), 'library'));
    const add = library.db.prepare(
      `INSERT INTO measurement (id, created, set_key, set_name, method, parameters, truth, protocol, map, low, high, queries, facts)
       VALUES (?, ?, 'k', 'n', 'cosine', '{}', 'sfm 0', 'sfm', 0.5, 0.4, 0.6, 250, ?)`,
    );
    const facts = (shift: number): string =>
      JSON.stringify({
        ...{ text: 't', mpAtK: {}, recallAtK: null, ukbench: null, skipped: 0, curve: [[0, 1]], msPerQuery: 1 },
        offlineMs: 1,
        perQuery: Array.from({ length: 250 }, (_, i) => query(i, `q${i}`, ((i + shift) % 250) / 250)),
      });
    add.run(1, now(), facts(0));
    add.run(2, now(), facts(1));
    expect(openedMeasurement(library, 1)).not.toHaveProperty('perQuery');
    expect(measurementDetail(library, 1).perQuery).toHaveLength(250);
    const page = measuredQueries(library, { id: 1, with: 2, order: 'best', from: 240, limit: 100 });
    expect(page.total).toBe(250);
    expect(page.queries.map((q) => q.index)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(page.queries[0]!.other).toBeCloseTo(10 / 250);
    // Another measurement in its place is not taken for it.
    library.db.exec('DELETE FROM measurement WHERE id = 1');
    add.run(1, '2001-01-01T00:00:00.000Z', facts(100));
    expect(measuredQueries(library, { id: 1, order: 'best', from: 0, limit: 1 }).queries[0]!.index).toBe(149);
    expect(() => measuredQueries(library, { id: 9, order: 'best', from: 0, limit: 1 })).toThrow(
      'There is no measurement 9',
    );
    library.close();
  });
});
