import { basename } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { counted } from '../../../../shared/counted.ts';
import { firstFew } from '../../library/name-lists.ts';
import { LABELS, type GroundTruth, type Label, type TruthQuery } from '../ground-truth.ts';
import { rowsOfNames } from '../truth-names.ts';

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

/**
 * A ground truth of a record of imlist, qimlist and gnd. Names of labels and queries are those of imlist by the one rule of names, so that
 * equal file names in two folders are two images.
 * @param base 1 where rows are counted as MATLAB does.
 * @throws CovisError `INPUT_CORRUPT`; `INPUT_INVALID` naming what is not in imlist, is there twice, or may mean several of its images.
 */
export function fromRecord(value: unknown, file: string, base: 0 | 1): GroundTruth {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new CovisError(
      'INPUT_CORRUPT',
      `This is no ground truth: ${issue.path.join('.') || 'the whole'} is missing or of another kind`,
      {
        file,
        hint: 'It needs imlist, qimlist and gnd, a list with ok, easy, hard or junk for each query.',
      },
    );
  }
  const { imlist, qimlist, qidx, gnd } = parsed.data;
  const names = qimlist ?? qidx?.map((i) => imlist[i - base] ?? '') ?? [];
  if (names.length !== gnd.length)
    throw new CovisError(
      'INPUT_CORRUPT',
      `This ground truth names ${counted(names.length, 'query', 'queries')} and has labels for ${gnd.length}`,
      { file },
    );
  const named = new Set(
    gnd.flatMap((g) => LABELS.flatMap((l) => (g[l] ?? []).filter((r): r is string => typeof r === 'string'))),
  );
  const { row, missing } = rowsOfNames(imlist, new Set([...named, ...(qimlist ?? [])]), file);
  const unknown = [...named].filter((n) => missing.has(n));
  if (unknown.length > 0)
    throw new CovisError(
      'INPUT_INVALID',
      `This ground truth names ${counted(unknown.length, 'image')} that its list does not have: ${firstFew(unknown)}`,
      { file, hint: 'Labels and queries have to be images of imlist.' },
    );
  const rows = (list: readonly (number | string)[]): number[] =>
    list.map((r) => (typeof r === 'number' ? r - base : row(r)!));
  const queries = gnd.map((g, i): TruthQuery => {
    const labels: Partial<Record<Label, number[]>> = {};
    for (const l of LABELS) if (g[l] !== undefined) labels[l] = rows(g[l]);
    const name = names[i]!;
    const box = g.bbx?.length === 4 ? (g.bbx as [number, number, number, number]) : null;
    return { name, bbx: box, row: (qimlist === undefined ? qidx![i]! - base : row(name)) ?? null, labels };
  });
  return { name: basename(file), images: imlist, queries };
}
