import { setImmediate } from 'node:timers/promises';
import type { MiningRunInfo } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { select, type Shape } from '../library/rows.ts';

/** Tuples that are read before other requests get their turn. */
const CHUNK = 5000;

/**
 * Tuples of a run, `t`, in their order, some at a time; others have their turn in between.
 * @param columns what is selected. @param condition what has to hold besides, as ` AND …`, with its values.
 */
export async function* inChunks<T>(
  library: Library,
  { id, tuples }: Pick<MiningRunInfo, 'id' | 'tuples'>,
  columns: string,
  row: Shape<T>,
  condition: { readonly sql: string; readonly values: Readonly<Record<string, unknown>> } = { sql: '', values: {} },
): AsyncGenerator<T[]> {
  const part = select(
    library.db,
    `SELECT ${columns} FROM tuple t WHERE t.run_id = :run AND t.tuple_index >= :from AND t.tuple_index < :to${condition.sql} ORDER BY t.tuple_index`,
    row,
  );
  for (let from = 0; from < tuples; from += CHUNK) {
    yield part.all({ run: id, from, to: from + CHUNK, ...condition.values });
    await setImmediate();
  }
}
