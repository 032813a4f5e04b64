/** How two states of a collection differ, photo by photo: whole, or by pages of what was compared once. */
import type { CollectionDifference, PhotoDifference } from '../../../shared/facts/collections.ts';
import type { Library } from '../library/library.ts';
import { nullable, select, text } from '../library/rows.ts';
import { collectionNamed, versionCalled, type CollectionRow } from '../library/tables/collection.ts';
import { countsOf, differences, fieldDifferences, type CollectionState, type DifferenceKind } from './difference.ts';
import { fieldsOf, photoPlace } from './items.ts';
import { stampOf } from './stamp.ts';
import { NOTHING, versionState, workingState, type KnownItem } from './versions.ts';

/** A state: a version, what is there now, or nothing. */
type Which = number | 'working' | null;

/** Comparisons that pages are read of. */
const KEPT = 3;

interface Compared {
  readonly before: CollectionState<KnownItem>;
  readonly after: CollectionState<KnownItem>;
  readonly found: ReturnType<typeof differences>;
  readonly said: Pick<CollectionDifference, 'counts' | 'fields'>;
}

const kept = new WeakMap<Library, Map<string, Compared>>();

function compare(library: Library, c: CollectionRow, from: Which, to: Which): Compared {
  const stateOf = (which: Which): CollectionState<KnownItem> =>
    which === null
      ? NOTHING
      : which === 'working'
        ? workingState(library, c)
        : versionState(library, versionCalled(library, c, String(which)));
  const [before, after] = [stateOf(from), stateOf(to)];
  const found = differences(before.items, after.items);
  const fields = fieldDifferences(before.fields, after.fields);
  return { before, after, found, said: { counts: countsOf(found, fields.length > 0), fields } };
}

/** For many: what differs of a photo, as people see it. */
function describer(library: Library, { before, after }: Compared): (d: Compared['found'][number]) => PhotoDifference {
  const digest = select(library.db, 'SELECT sha256 FROM photo WHERE hash = ?', nullable(text));
  const place = photoPlace(library);
  const shaOf = (key: string | null): string | null => (key === null ? null : (digest.get(key) ?? null));
  const side = (state: CollectionState<KnownItem>, at: number | null): PhotoDifference['before'] => {
    if (at === null) return null;
    const { path, fields, head } = state.items[at]!;
    return { path, at, fields: fieldsOf(fields), foldedUnder: shaOf(head) };
  };
  return ({ was, is, kinds }) => {
    const item = is === null ? before.items[was!]! : after.items[is]!;
    const here = item.photo !== null;
    return {
      photo: here ? item.key : null,
      sha256: item.sha256 ?? (was === null ? null : before.items[was]!.sha256) ?? shaOf(item.key),
      ...(here ? place(item.photo) : { name: item.path ?? item.key, folder: '' }),
      kinds: [...kinds],
      before: side(before, was),
      after: side(after, is),
    };
  };
}

/** How a state of a collection differs from another, every photo of it. @param from null for nothing. */
export function collectionDifference(
  library: Library,
  wanted: string,
  from: Which,
  to: number | 'working',
): Omit<CollectionDifference, 'total'> {
  const compared = compare(library, collectionNamed(library, wanted), from, to);
  return { from, to, ...compared.said, photos: compared.found.map(describer(library, compared)) };
}

/** Which of the photos that differ are asked for: of one kind, or of all, from a position on. */
export interface DifferencePage {
  readonly kind?: DifferenceKind | undefined;
  readonly at: number;
  readonly limit: number;
}

/** As {@link collectionDifference}, with a page of its photos; what was compared is kept for the next page. */
export function differencePage(
  library: Library,
  wanted: string,
  from: Which,
  to: number | 'working',
  { kind, at, limit }: DifferencePage,
): CollectionDifference {
  const c = collectionNamed(library, wanted);
  const key = JSON.stringify([c.id, from, to, from === 'working' || to === 'working' ? stampOf(library, c) : '']);
  let known = kept.get(library);
  if (known === undefined) kept.set(library, (known = new Map()));
  const compared = known.get(key) ?? compare(library, c, from, to);
  known.delete(key);
  known.set(key, compared);
  for (const old of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(old);
  }
  const found = kind === undefined ? compared.found : compared.found.filter((d) => d.kinds.includes(kind));
  const photos = found.slice(at, at + limit).map(describer(library, compared));
  return { from, to, ...compared.said, total: found.length, photos };
}
