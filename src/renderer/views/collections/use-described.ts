import { computed } from 'vue';
import type { CollectionInfo, FieldValues, ListedPhoto } from '../../../shared/facts/collections.ts';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { useSelection } from '../../stores/selection.ts';
import { request } from '../../transport/index.ts';
import type { PhotoPages } from './use-photo-pages.ts';

const BATCH = 5000;
const PAGE = 500;
/** Chosen photos whose values are looked up, where their list has them not; of more it is not said what they have in common. */
const LOOKED = 20_000;

/** Chosen photos of a collection with their fields. */
export interface Described {
  /** The choice that this is of. */
  readonly asked: readonly string[];
  /** Those of the chosen photos that are in the collection. */
  readonly photos: readonly string[];
  /** Those of them whose fields are known; of very many not all are looked up. */
  readonly items: readonly ListedPhoto[];
}

async function membersOf(collection: string, photos: readonly string[]): Promise<string[]> {
  const inside: string[] = [];
  for (let i = 0; i < photos.length; i += BATCH) {
    const batch = photos.slice(i, i + BATCH);
    const { of } = await request('collections.membership', { photos: batch });
    inside.push(...batch.filter((_, k) => of[k]?.includes(collection)));
  }
  return inside;
}

/** Those of `photos` that the list has loaded; those that are missing are asked for by name. */
async function itemsOf(collection: string, photos: readonly string[], pages: PhotoPages): Promise<ListedPhoto[]> {
  const list = pages.photos.value;
  const known = new Map<string, ListedPhoto>();
  for (const photo of photos) {
    const item = list.at(list.indexOf(photo));
    if (item?.photo === photo) known.set(photo, item);
  }
  const missing = photos.filter((p) => !known.has(p)).slice(0, LOOKED);
  for (let i = 0; i < missing.length; i += PAGE) {
    const { list, total } = await request('collections.open', {
      collection,
      filter: { photos: missing.slice(i, i + PAGE) },
    });
    if (total === 0) continue;
    const page = await request('collections.page', { list, from: 0, limit: PAGE });
    for (const p of page.photos) known.set(p.photo, p);
  }
  return photos.flatMap((p) => known.get(p) ?? []);
}

/** The chosen photos that are in the collection, and what is said of them. */
export function useDescribed(collection: () => CollectionInfo, pages: PhotoPages) {
  const selection = useSelection();
  const library = useLibrary();
  // What is meant is made anew by every change of the choice, so that it is its own id.
  const asked = computed(() => {
    void library.changed('collections');
    void pages.photos.value;
    return selection.meant.length === 0 ? null : [...selection.meant];
  });
  return useLatest(
    asked,
    async (photos): Promise<Described> => {
      const inside = await membersOf(collection().id, photos);
      return { asked: photos, photos: inside, items: await itemsOf(collection().id, inside, pages) };
    },
    { keep: true },
  );
}

/** What several say in one field: the values where all agree, else null. Nobody saying anything is agreement, too. */
export function common(items: readonly { readonly fields: FieldValues }[], field: string): readonly string[] | null {
  const first = items[0]?.fields[field] ?? [];
  const same = items.every((i) => {
    const values = i.fields[field] ?? [];
    return values.length === first.length && values.every((v, k) => v === first[k]);
  });
  return same ? first : null;
}

/** Names of fields in the order of forms: those with a meaning of their own, then a person's own. */
export function fieldNames(known: readonly string[], used: Iterable<string>): string[] {
  const own = [...new Set(used)].filter((f) => !known.includes(f)).sort();
  return [...known, ...own];
}
