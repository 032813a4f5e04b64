import type { JudgementParams } from '../../../shared/routes/review.ts';
import type { TupleInfo, Verdict } from '../../../shared/domain.ts';
import { plural } from '../../kit/format.ts';
import { VERDICT_TEXT } from './labels.ts';

/** What a person decided of a tuple: `target` is the photo that is beside the query on the screen. */
export interface Decided {
  readonly verdict: Verdict | 'note';
  readonly target: { readonly photo: string; readonly role: 'positive' | 'alternative' | 'negative' };
  readonly note?: string;
}

export interface Judged {
  /** What undo calls it. */
  readonly label: string;
  readonly judgements: readonly JudgementParams[];
}

/** A decision on one tuple of a run as the log takes it. */
export function judged(t: TupleInfo, run: number, { verdict, target, note }: Decided): Judged {
  const common = { run, tuple: t.index, query: t.query };
  const name = `tuple ${t.index + 1} of run ${run}`;
  if (verdict === 'note')
    return {
      label: `note on ${name}`,
      judgements: [{ ...common, other: t.positive, aspect: 'note', verdict: 'note', note: note ?? '' }],
    };
  if (verdict === 'swap')
    return {
      label: `swap in ${name}`,
      judgements: [{ ...common, other: t.positive, aspect: 'positive', verdict, replacement: target.photo }],
    };
  const negative = target.role === 'negative';
  const of = { positive: '', alternative: 'another positive of ', negative: 'a negative of ' }[target.role];
  return {
    label: `${VERDICT_TEXT[verdict] || 'Cleared'}: ${of}${name}`,
    judgements: [
      negative
        ? {
            ...common,
            other: target.photo,
            aspect: 'negative',
            verdict,
            ...(verdict === 'accept' || verdict === 'same-object' ? { everyPair: true } : {}),
          }
        : { ...common, other: target.photo, aspect: 'positive', verdict },
    ],
  };
}

/**
 * One decision on many tuples: of the positive that their rows show (after a swap the one that was swapped in), or that the hardest
 * negative of each shows the same object.
 */
export function judgedMany(
  tuples: readonly TupleInfo[],
  run: number,
  verdict: 'accept' | 'reject' | 'same-object',
): Judged {
  const judgements = tuples.flatMap((t): JudgementParams[] => {
    const negative = verdict === 'same-object';
    const other = negative ? t.negatives[0]?.photo : (t.replacement ?? t.positive);
    if (other === undefined) return [];
    return [{ run, tuple: t.index, query: t.query, other, aspect: negative ? 'negative' : 'positive', verdict }];
  });
  return { label: `${VERDICT_TEXT[verdict]}: ${plural(tuples.length, 'tuple')}`, judgements };
}

/** A tuple as it will be once judgements that wait for the engine have arrived. */
export function withJudgements(t: TupleInfo, run: number, waiting: readonly JudgementParams[]): TupleInfo {
  return waiting.filter((j) => j.run === run && j.tuple === t.index && j.query === t.query).reduce(judgedBy, t);
}

function judgedBy(t: TupleInfo, { other, aspect, verdict, replacement, note }: JudgementParams): TupleInfo {
  if (verdict === 'note') return { ...t, note: note === undefined || note === '' ? null : note };
  const said = verdict === 'none' ? null : verdict;
  const put = <P extends { readonly photo: string; readonly verdict: Verdict | null }>(photos: readonly P[]): P[] =>
    photos.map((p) => (p.photo === other ? { ...p, verdict: said } : p));
  if (aspect === 'negative') return { ...t, negatives: put(t.negatives) };
  if (other !== (t.replacement ?? t.positive) && other !== t.positive)
    return { ...t, alternatives: put(t.alternatives) };
  return { ...t, verdict: said, replacement: verdict === 'swap' ? (replacement ?? null) : t.replacement };
}

/** Whether something was said of a tuple or of one of its negatives. */
export function isDecided(t: TupleInfo): boolean {
  return t.verdict !== null || t.negatives.some((n) => n.verdict !== null);
}
