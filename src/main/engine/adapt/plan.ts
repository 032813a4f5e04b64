import type { TaskContext } from '../queue/context.ts';

/** What an adaptation has to do, for the time that is left in all. */
export interface Amounts {
  readonly photos: number;
  readonly folds: number;
  /** Of the photos of a fold, those that are learned from; 1 where nothing is held out. */
  readonly known: number;
  readonly epochs: number;
  readonly tuples: number;
  /** False where nothing is trained, but whitened alone. */
  readonly trains: boolean;
}

/** Units of steps from a fold to the end, with the network that learns on all photos; what was done before and is taken up is counted, too. */
export function unitsFrom(a: Amounts, fold: number): { readonly photos: number; readonly tuples: number } {
  const rounds = a.trains ? a.epochs + 1 : 0;
  const folds = Math.max(0, a.folds - fold);
  const inFold = a.trains ? Math.round(rounds * a.known * a.photos) + a.photos : 0;
  const inTheEnd = rounds * a.photos + 2 * a.photos;
  return {
    photos: (fold === 0 ? a.photos : 0) + folds * inFold + inTheEnd,
    tuples: a.trains ? (folds + 1) * a.epochs * a.tuples : 0,
  };
}

export interface Plan {
  /** Says with every step what comes after it. */
  readonly task: TaskContext;
  /** A fold begins; the number of folds stands for what comes after them. */
  readonly from: (fold: number) => void;
}

/** Counts steps off as they begin. */
export function planOf(task: TaskContext, amounts: Amounts): Plan {
  let left: Record<string, number> = { ...unitsFrom(amounts, 0) };
  return {
    from: (fold) => (left = { ...unitsFrom(amounts, fold) }),
    task: {
      ...task,
      step: (name, total, unit) => {
        const before = left[unit];
        if (before !== undefined) left[unit] = Math.max(0, before - total);
        task.ahead?.({ ...left });
        task.step(name, total, unit);
      },
    },
  };
}
