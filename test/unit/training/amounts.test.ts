import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { countedOff, unitsOf } from '../../../src/main/engine/training/amounts.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { runWork } from '../../../src/main/engine/work/run.ts';
import { trainWork } from '../../../src/main/engine/work/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
/** All sizes are one, so that what is said to come is what comes. */
const small = { size: 320, network: 'tiny' } as const;

interface Step {
  readonly name: string;
  readonly total: number;
  readonly unit: string;
  /** Photos that come after it, as was said before it. */
  readonly ahead: number;
}

/** Hears what a task says; `hold` holds what was said to come against what came. */
function listening(): { readonly task: TaskContext; readonly seen: readonly Step[]; readonly hold: () => void } {
  const seen: Step[] = [];
  let ahead: number | undefined;
  return {
    seen,
    task: {
      ...silentContext(),
      ahead: (units) => void (ahead = units['photos']!),
      step: (name, total, unit) => void (ahead === undefined || seen.push({ name, total, unit, ahead })),
    },
    hold: () => {
      const photos = seen.filter((s) => s.unit === 'photos' && s.total > 0);
      expect(photos.map((s) => s.name).join()).toMatch(/Comparing with the default/);
      for (const [i, step] of photos.entries())
        expect(step.ahead).toBeCloseTo(
          photos.slice(i + 1).reduce((n, s) => n + s.total, 0),
          6,
        );
    },
  };
}

it('photos of phases to come count by their pixels, and what a phase leaves over goes with it', () => {
  const phases = [
    { passes: 2, photos: 10, tuples: 6, pixels: 100 },
    { passes: 1, photos: 10, tuples: 0, pixels: 400 },
  ];
  expect(unitsOf(phases)).toEqual({ photos: 60, tuples: 6 });
  expect(unitsOf([])).toEqual({ photos: 0, tuples: 0 });
  const ahead: unknown[] = [];
  const { task, next } = countedOff({ ...silentContext(), ahead: (units) => ahead.push(units) }, phases);
  // Fewer photos take part than there are.
  task.step('Describing', 8, 'photos');
  task.step('Mining', 5, 'queries');
  task.step('Training', 4, 'tuples');
  next();
  task.step('Comparing', 10, 'photos');
  expect(ahead).toEqual([
    { photos: 8 + 40, tuples: 6 },
    { photos: 48, tuples: 6 },
    { photos: 48, tuples: 2 },
    { photos: 0, tuples: 0 },
  ]);
});

it('a training knows from its first step what it does to its end, the comparison with the default included', async () => {
  const library = await smallLibrary(join(folder, 'library'), ['castle', 'factory']);
  // What search takes is described already.
  await extract(library, ensureDefaultNetwork(library), 320, silentContext());
  const { task, seen, hold } = listening();
  const result = await trainWork.run(library, { epochs: 2, queriesPerEpoch: 4, ...small }, task);
  library.close();
  expect(seen[0]!.name).toMatch(/^Trains 2 epochs, then compares the network with the default/);
  expect(result.comparing).toBeGreaterThan(0);
  expect(result.comparing).toBeLessThan(result.seconds);
  hold();
});

it('a whole run knows from its import on what it does to its end', async () => {
  const library = Library.create(join(folder, 'run'));
  const { task, seen, hold } = listening();
  const sources = ['castle', 'factory'].map((n) => join(SAMPLE, n));
  const result = await runWork.run(library, { sources, epochs: 1, queriesPerEpoch: 2, ...small }, task);
  library.close();
  expect(result.standing?.figure).toBeTruthy();
  // What comes is told as soon as the first photo is described.
  expect(seen.find((s) => s.unit === 'photos' && s.total > 0)!.ahead).toBeGreaterThan(2 * result.photos);
  hold();
});
