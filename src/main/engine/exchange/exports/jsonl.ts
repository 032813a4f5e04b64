import { join } from 'node:path';
import { z } from 'zod';
import { STRATEGY_BITS, type TupleInfo, type TupleStrategy } from '../../../../shared/domain.ts';
import { jsonl } from '../../../../shared/exports/jsonl.ts';
import { fileTarget, type Placing } from '../../formats/target.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { miningRun } from '../../mining/runs.ts';
import { lines } from '../../sfm/text-lines.ts';
import { lookup, nameCheck, pages, writeLines } from '../tuple-rows.ts';
import { damaged, exporter } from './exporter.ts';

/** Strategies that would take a positive, by name. */
function strategyNames(bits: number): TupleStrategy[] {
  return (Object.keys(STRATEGY_BITS) as TupleStrategy[]).filter((s) => (bits & STRATEGY_BITS[s]) !== 0);
}

/** A tuple as one line of JSON; photo names are `<scene>/<path below it>`. The contract of `covis mine --out`. */
export interface TupleLine {
  readonly query: string;
  readonly positive: string;
  readonly negatives: readonly string[];
  readonly sharedPoints: number;
  readonly overlap: number;
  readonly scaleChange: number | null;
  readonly similarities: { readonly positive: number; readonly negatives: readonly number[] };
  readonly [more: string]: unknown;
}

function line(t: TupleInfo, run: number, name: (hash: string) => string): TupleLine {
  return {
    query: name(t.query),
    positive: name(t.positive),
    negatives: t.negatives.map((n) => name(n.photo)),
    sharedPoints: t.shared,
    overlap: t.overlap,
    scaleChange: t.scale,
    similarities: { positive: t.positiveSimilarity, negatives: t.negatives.map((n) => n.similarity) },
    run,
    tuple: t.index,
    cluster: t.clusterName,
    negativeClusters: t.negatives.map((n) => n.clusterName),
    strategies: strategyNames(t.strategies),
    suspicion: t.suspicion,
    verdict: t.verdict,
    ...(t.replacement === null ? {} : { replacement: name(t.replacement) }),
    ...(t.note === null ? {} : { note: t.note }),
    ...(t.negatives.some((n) => n.verdict !== null) ? { negativeVerdicts: t.negatives.map((n) => n.verdict) } : {}),
    ...((t.strategies & STRATEGY_BITS.manifold) === 0
      ? {}
      : { positives: t.alternatives.map((a) => ({ photo: name(a.photo), weight: a.weight })) }),
  };
}

/** Tuples of a run as JSON Lines. @throws CovisError `STATE_EMPTY`, `CANCELLED`, `STATE_CONFLICT` for a file that is there, without `force`. */
export function writeTupleLines(library: Library, run: number, file: string, task: TaskContext, how: Placing): number {
  const { name } = lookup(library);
  return writeLines(
    file,
    (function* () {
      for (const page of pages(library, run, task)) for (const t of page) yield JSON.stringify(line(t, run, name));
    })(),
    how,
  );
}

const number = z.number();
const tupleLine = z.looseObject({
  query: z.string(),
  positive: z.string(),
  negatives: z.array(z.string()),
  sharedPoints: z.int(),
  overlap: number,
  scaleChange: number.nullable(),
  similarities: z.object({ positive: number, negatives: z.array(number) }),
  run: z.int(),
  tuple: z.int(),
  replacement: z.string().optional(),
});

/** `tuples.jsonl`, a tuple a line. */
export const jsonlExport = exporter(jsonl, {
  write(library, out, { run }, task, how) {
    const file = fileTarget(join(out, 'tuples.jsonl'), how, 'made');
    return { items: writeTupleLines(library, miningRun(library, run).id, file, task, how), files: [file] };
  },
  verify([file], library) {
    const named = nameCheck(library, file!);
    let items = 0;
    for (const { text } of lines(file!)) {
      items += 1;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        throw damaged(file!, `line ${items} is not JSON`);
      }
      const t = tupleLine.safeParse(value);
      if (!t.success)
        throw damaged(file!, `line ${items}: ${t.error.issues[0]!.path.join('.')} is not as it should be`);
      const { query, positive, negatives, replacement, similarities } = t.data;
      if (negatives.length !== similarities.negatives.length)
        throw damaged(
          file!,
          `line ${items} has ${negatives.length} negatives and ${similarities.negatives.length} similarities`,
        );
      for (const name of [query, positive, ...negatives, ...(replacement === undefined ? [] : [replacement])])
        named(name);
    }
    return { items };
  },
});
