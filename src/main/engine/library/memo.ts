import type { Library } from './library.ts';
import { integer, list, select } from './rows.ts';

/** What was found last under each name, and in which state of the library. */
const kept = new WeakMap<Library, Map<string, { readonly state: string; readonly value: unknown }>>();

/** Changes with everything that is written to a library, whichever connection wrote it. */
export function stateOf({ db }: Library): string {
  return select(db, 'SELECT data_version, total_changes() FROM pragma_data_version', list(integer, integer))
    .one()
    .join(' ');
}

/**
 * What follows from the database alone, found once and kept until anything is written. Within a transaction it is found anew: what is
 * not committed may be taken back. @param name of what is found, with what it depends on.
 */
export function whileUnchanged<T>(library: Library, name: string, find: () => T): T {
  if (library.db.inTransaction) return find();
  const state = stateOf(library);
  const known = kept.get(library) ?? new Map<string, { readonly state: string; readonly value: unknown }>();
  kept.set(library, known);
  const last = known.get(name);
  if (last?.state === state) return last.value as T;
  const value = find();
  known.set(name, { state, value });
  return value;
}
