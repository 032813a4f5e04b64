import { join } from 'node:path';
import { STRATEGY_BITS } from '../../../../shared/domain.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { hlocPairs } from '../../../../shared/exports/hloc-pairs.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { idByHash } from '../../library/tables/photo.ts';
import { judgements } from '../../mining/decisions.ts';
import { miningRun } from '../../mining/runs.ts';
import { readHlocPairs } from '../pair-readers/hloc.ts';
import { lookup, nameCheck, pages, writeLines } from '../tuple-rows.ts';
import { exporter, type Written } from './exporter.ts';

/**
 * Pairs of query and positive for hloc: `pairs.txt`, two names a line, without what people refused.
 * @throws CovisError `INPUT_INVALID` for names with white space, which that format cannot hold.
 */
async function writeHlocPairs(library: Library, run: number, out: string, task: TaskContext): Promise<Written> {
  const of = lookup(library);
  const id = idByHash(library);
  const decided = judgements(library);
  const name = (hash: string): string => {
    const n = of.name(hash);
    if (/\s/.test(n))
      throw new CovisError('INPUT_INVALID', 'hloc separates names by spaces, and this photo has one in its name', {
        file: of.path(hash),
        hint: 'Rename the photo and import again.',
      });
    return n;
  };
  const file = join(out, 'pairs.txt');
  const seen = new Set<string>();
  const items = await writeLines(
    file,
    (function* () {
      for (const page of pages(library, run, task)) {
        for (const t of page) {
          const positives = [
            t.replacement ?? t.positive,
            ...((t.strategies & STRATEGY_BITS.manifold) === 0 ? [] : t.alternatives.map((a) => a.photo)),
          ];
          for (const p of positives) {
            if (!decided.mayMatch(id.one(t.query), id.one(p))) continue;
            const pair = `${name(t.query)} ${name(p)}`;
            if (seen.has(pair)) continue;
            seen.add(pair);
            yield pair;
          }
        }
      }
    })(),
  );
  return { items, files: [file] };
}

/** `pairs.txt`. */
export const hlocPairsExport = exporter(hlocPairs, {
  write: (library, out, { run }, task) => writeHlocPairs(library, miningRun(library, run).id, out, task),
  verify([file], library) {
    const { cids, qidxs } = readHlocPairs(file!);
    cids.forEach(nameCheck(library, file!));
    return { items: qidxs.length };
  },
});
