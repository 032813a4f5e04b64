import { CovisError } from '../../../shared/errors.ts';
import { writeTogether } from '../formats/beside.ts';
import { fillNpy } from '../formats/npy.ts';
import { fileTarget, type Placing } from '../formats/target.ts';
import type { Neighbours } from '../retrieval/neighbours.ts';

/** Where ranks go, and their scores where those are asked for. */
export interface RankPlaces {
  readonly out: string;
  readonly scores: string | undefined;
}

/**
 * Looks at the places before anything is computed.
 * @param asked `scores` is a file of its own; with `withScores` they lie beside the ranks.
 * @throws CovisError as {@link fileTarget}, and `INPUT_INVALID` where both are one file.
 */
export function rankPlaces(
  asked: Placing & {
    readonly out: string;
    readonly scores?: string | undefined;
    readonly withScores?: boolean | undefined;
  },
): RankPlaces {
  const out = fileTarget(asked.out, asked);
  const beside = asked.withScores === true ? `${out.replace(/\.npy$/i, '')}.scores.npy` : undefined;
  const wanted = asked.scores ?? beside;
  const scores = wanted === undefined ? undefined : fileTarget(wanted, asked);
  if (scores === out)
    throw new CovisError('INPUT_INVALID', '--scores takes another file than --out', {
      file: out,
      hint: 'Name another file with --scores.',
    });
  return { out, scores };
}

/** Writes ranks as int32 and scores as float32, [queries, k] both, all or nothing. @returns the files. */
export function writeRanks(
  { out, scores }: RankPlaces,
  ranks: Pick<Neighbours, 'ids' | 'scores' | 'k'>,
  queries: number,
  how: Placing,
): string[] {
  const shape = [queries, ranks.k];
  writeTogether(
    [
      [out, (t) => fillNpy(t, '<i4', shape, [Int32Array.from(ranks.ids)])],
      ...(scores === undefined ? [] : [[scores, (t: string) => fillNpy(t, '<f4', shape, [ranks.scores])] as const]),
    ],
    { ...how, bytes: 4 * queries * ranks.k },
  );
  return [out, ...(scores === undefined ? [] : [scores])];
}
