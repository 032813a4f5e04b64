import { basename } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { bareName, LABELS, type GroundTruth, type Label, type TruthQuery } from '../ground-truth.ts';

const reference = z.union([z.number(), z.string()]);
const schema = z.object({
  imlist: z.array(z.string()),
  qimlist: z.array(z.string()).optional(),
  qidx: z.array(z.number()).optional(),
  gnd: z.array(
    z.object({
      bbx: z.array(z.number()).nullish(),
      ok: z.array(reference).optional(),
      easy: z.array(reference).optional(),
      hard: z.array(reference).optional(),
      junk: z.array(reference).optional(),
    }),
  ),
});

/** A ground truth of a record of imlist, qimlist and gnd. @param base 1 where rows are counted as MATLAB does. */
export function fromRecord(value: unknown, file: string, base: 0 | 1): GroundTruth {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new CovisError('INPUT_CORRUPT', `This is no ground truth: ${issue.path.join('.')} ${issue.message}`, {
      file,
      hint: 'It needs imlist, qimlist and gnd, a list with ok, easy, hard or junk for each query.',
    });
  }
  const { imlist, qimlist, qidx, gnd } = parsed.data;
  const rowOf = new Map<string, number>();
  imlist.forEach((n, i) => rowOf.set(bareName(n), i));
  const unknown = new Set<string>();
  const rows = (list: readonly (number | string)[]): number[] =>
    list.map((r) => {
      if (typeof r === 'number') return r - base;
      const found = rowOf.get(bareName(r));
      if (found === undefined) unknown.add(r);
      return found ?? 0;
    });
  const names = qimlist ?? qidx?.map((i) => imlist[i - base] ?? '') ?? [];
  if (names.length !== gnd.length)
    throw new CovisError(
      'INPUT_CORRUPT',
      `This ground truth names ${names.length} queries and has labels for ${gnd.length}`,
      { file },
    );
  const queries = gnd.map((g, i): TruthQuery => {
    const labels: Partial<Record<Label, number[]>> = {};
    for (const l of LABELS) if (g[l] !== undefined) labels[l] = rows(g[l]);
    const name = names[i]!;
    const box = g.bbx?.length === 4 ? (g.bbx as [number, number, number, number]) : null;
    return { name, bbx: box, row: rowOf.get(bareName(name)) ?? null, labels };
  });
  if (unknown.size > 0) {
    throw new CovisError(
      'INPUT_INVALID',
      `This ground truth names ${unknown.size} images that its list does not have: ${[...unknown].slice(0, 3).join(', ')}${unknown.size > 3 ? ', …' : ''}`,
      { file },
    );
  }
  return { name: basename(file), images: imlist, queries };
}
