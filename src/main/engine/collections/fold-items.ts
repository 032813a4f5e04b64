/** Folds and fields of the photos of a collection. */
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { act, itemsChange, photosText } from './acts.ts';
import { itemOf, itemsOf, type Item } from './items.ts';

/**
 * Folds items under another, and with them what is folded under them; a head that is folded itself stands for itself again.
 * @throws CovisError `INPUT_INVALID` for a head that is not in the collection.
 */
export function foldPhotos(
  library: Library,
  collection: string,
  folds: readonly { readonly head: number; readonly photos: readonly number[] }[],
  label?: string,
): { readonly action: number | null; readonly folded: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const was = new Map<number, Item>();
    const under = new Map<number, number | null>();
    const look = (photo: number): Item | undefined => {
      const item = was.get(photo) ?? find(photo);
      if (item !== undefined) was.set(photo, item);
      return item;
    };
    const held = Map.groupBy(
      itemsOf(library, c.id).filter((i) => i.head !== null),
      (i) => i.head!,
    );
    for (const { head, photos } of folds) {
      if (look(head)?.member !== 1)
        throw new CovisError('INPUT_INVALID', `The photo to fold under is not in ${c.name}`);
      if (was.get(head)!.head !== null || under.has(head)) under.set(head, null);
      for (const photo of photos) {
        if (photo === head || look(photo)?.member !== 1) continue;
        under.set(photo, head);
        for (const item of held.get(photo) ?? []) {
          if (item.photo === head) continue;
          was.set(item.photo, item);
          if (!under.has(item.photo)) under.set(item.photo, head);
        }
      }
    }
    const changed = Array.from(under).flatMap(([photo, head]): [Item, Item][] => {
      const item = was.get(photo)!;
      return item.head === head ? [] : [[item, { ...item, head }]];
    });
    const folded = changed.filter(([, is]) => is.head !== null).length;
    const action = act(library, label ?? `Fold ${photosText(folded)} of ${c.name}`, [itemsChange(c.id, changed)]);
    return { action, folded };
  });
}

/** Lets items stand for themselves again; of heads, all that is folded under them. */
export function unfoldPhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
): { readonly action: number | null; readonly unfolded: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const chosen = new Set(photos);
    const changed = itemsOf(library, c.id)
      .filter((i) => i.head !== null && (chosen.has(i.photo) || chosen.has(i.head)))
      .map((i): [Item, Item] => [i, { ...i, head: null }]);
    const action = act(library, `Unfold ${photosText(changed.length)} of ${c.name}`, [itemsChange(c.id, changed)]);
    return { action, unfolded: changed.length };
  });
}

/** Gives items other fields. @param of what an item has, to what it is to have. */
export function describePhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
  of: (fields: string | null, photo: number) => string | null,
): { readonly action: number | null; readonly changed: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const changed = [...new Set(photos)].flatMap((photo): [Item, Item][] => {
      const item = find(photo);
      if (item?.member !== 1) return [];
      const fields = of(item.fields, photo);
      return fields === item.fields ? [] : [[item, { ...item, fields }]];
    });
    const label = `Describe ${photosText(changed.length)} of ${c.name}`;
    return { action: act(library, label, [itemsChange(c.id, changed)]), changed: changed.length };
  });
}
