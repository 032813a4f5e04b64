import { describe, expect, it } from 'vitest';
import { planOf, unitsFrom } from '../../../src/main/engine/adapt/plan.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';

const amounts = { photos: 90, folds: 2, known: 2 / 3, epochs: 4, tuples: 100, trains: true };

describe('the plan of an adaptation', () => {
  it('has every fold, the network of all photos and the descriptions between', () => {
    // A fold: 60 known photos described 5 times, then all 90; in the end 90 photos 5 times and twice more.
    expect(unitsFrom(amounts, 0)).toEqual({ photos: 90 + 2 * (300 + 90) + 450 + 180, tuples: 1200 });
    expect(unitsFrom(amounts, 1)).toEqual({ photos: 390 + 630, tuples: 800 });
    expect(unitsFrom(amounts, 2)).toEqual({ photos: 630, tuples: 400 });
  });

  it('has no tuples where nothing is trained', () => {
    expect(unitsFrom({ ...amounts, trains: false }, 0)).toEqual({ photos: 90 + 180, tuples: 0 });
  });

  it('counts steps off as they begin, and begins each fold with what is left then', () => {
    const said: unknown[] = [];
    const plan = planOf({ ...silentContext(), ahead: (units) => said.push(units) }, amounts);
    plan.task.step('Describing', 90, 'photos');
    plan.task.step('Whitening', 0, '');
    plan.task.step('Training', 100, 'tuples');
    plan.from(2);
    plan.task.step('Training', 1000, 'tuples');
    expect(said).toEqual([
      { photos: 1410, tuples: 1200 },
      { photos: 1410, tuples: 1200 },
      { photos: 1410, tuples: 1100 },
      { photos: 630, tuples: 0 },
    ]);
  });
});
