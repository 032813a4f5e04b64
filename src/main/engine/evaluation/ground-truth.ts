import type { Protocol } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';

/** A query of a ground truth; labels are rows of `images`. */
export interface TruthQuery {
  readonly name: string;
  /** The part of the photo that asks, in pixels: left, top, right, bottom. */
  readonly bbx: readonly [number, number, number, number] | null;
  /** Where the query itself is in the database, or null when it is not there. */
  readonly row: number | null;
  readonly labels: Readonly<Partial<Record<Label, readonly number[]>>>;
}

export const LABELS = ['ok', 'easy', 'hard', 'junk'] as const;
export type Label = (typeof LABELS)[number];

/** Which images a query should find. `images` are the database's names in the order of its rows. */
export interface GroundTruth {
  readonly name: string;
  readonly images: readonly string[];
  readonly queries: readonly TruthQuery[];
}

/** What each protocol does, in words that go with every score. */
export const PROTOCOL_TEXT: Readonly<Record<Protocol, string>> = {
  oxford: 'Oxford and Paris: good and ok are positive, junk is ignored, the query stays in the database',
  easy: 'revisited, easy: positives are easy, hard and unclear are ignored, queries are not in the database',
  medium: 'revisited, medium: positives are easy and hard, unclear is ignored, queries are not in the database',
  hard: 'revisited, hard: positives are hard, easy and unclear are ignored, queries are not in the database',
  holidays: 'Holidays: the other photos of the group are positive, the query itself is ignored',
  instre: 'INSTRE: all photos of the object are positive, nothing is ignored, queries are not in the database',
  ukbench: 'UKBench: how many of the first four are of the same object, the query itself included; 4 is perfect',
  recall:
    'leave one out: Recall@K is the share of queries with a photo of their class among the first K, the query itself left out',
  acc: 'pairs: acc.@K is the share of queries whose own photo is among the first K',
};

/** What counts for a query and what is passed over. */
export interface Judgement {
  readonly positives: ReadonlySet<number>;
  readonly ignored: ReadonlySet<number>;
}

/**
 * Applies a protocol to every query.
 * @throws CovisError `INPUT_INVALID` when the ground truth lacks the labels that the protocol needs.
 */
export function judge(truth: GroundTruth, protocol: Protocol): Judgement[] {
  const has = (label: Label): boolean => truth.queries.some((q) => q.labels[label] !== undefined);
  const revisited = protocol === 'easy' || protocol === 'medium' || protocol === 'hard';
  if (revisited && !has('easy') && !has('hard')) {
    throw new CovisError(
      'INPUT_INVALID',
      `${truth.name} has no easy and hard labels, so the protocol ${protocol} does not apply`,
      {
        hint: 'Use --protocol oxford.',
      },
    );
  }
  if (!revisited && !has('ok')) {
    throw new CovisError(
      'INPUT_INVALID',
      `${truth.name} has easy and hard labels, so the protocol ${protocol} does not apply`,
      {
        hint: 'Use --protocol easy, medium or hard.',
      },
    );
  }
  return truth.queries.map((q) => {
    const of = (...labels: Label[]): number[] => labels.flatMap((l) => q.labels[l] ?? []);
    const self = q.row === null ? [] : [q.row];
    switch (protocol) {
      case 'easy':
        return { positives: new Set(of('easy')), ignored: new Set(of('junk', 'hard')) };
      case 'medium':
        return { positives: new Set(of('easy', 'hard')), ignored: new Set(of('junk')) };
      case 'hard':
        return { positives: new Set(of('hard')), ignored: new Set(of('junk', 'easy')) };
      case 'holidays':
      case 'recall':
        return {
          positives: new Set(of('ok').filter((i) => i !== q.row)),
          ignored: new Set([...of('junk'), ...self]),
        };
      case 'ukbench':
        return { positives: new Set([...of('ok'), ...self]), ignored: new Set() };
      default:
        return { positives: new Set(of('ok')), ignored: new Set(of('junk')) };
    }
  });
}

/**
 * Checks every label against the list of images.
 * @throws CovisError `INPUT_CORRUPT` naming the query and the first row that does not exist.
 */
export function checkedTruth(truth: GroundTruth, file: string): GroundTruth {
  if (truth.queries.length === 0) throw new CovisError('INPUT_CORRUPT', 'This ground truth has no queries', { file });
  for (const q of truth.queries) {
    const rows = [...LABELS.flatMap((l) => q.labels[l] ?? []), ...(q.row === null ? [] : [q.row])];
    const bad = rows.find((i) => !Number.isInteger(i) || i < 0 || i >= truth.images.length);
    if (bad !== undefined) {
      throw new CovisError(
        'INPUT_CORRUPT',
        `The query ${q.name} refers to image ${bad}, and the list has ${counted(truth.images.length, 'image')}`,
        { file },
      );
    }
  }
  return truth;
}
