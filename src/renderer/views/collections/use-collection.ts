import { computed, watch } from 'vue';
import { useRouter } from 'vue-router';
import { useCollections } from '../../stores/collections.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';

/** Parts of the page of a collection. */
export const PARTS = ['photos', 'teach', 'rules', 'history', 'conflicts'] as const;
export type Part = (typeof PARTS)[number];

/** Which collection the address names, by name or id, and which part of its page. Without one: the current, else the first. */
export function useCollection() {
  const router = useRouter();
  const { route, change } = useQuery();
  const collections = useCollections();
  const here = computed(() => route.name === 'collections' || route.name === 'collection');
  const asked = computed(() => (here.value ? String(route.params['id'] ?? '') : ''));
  const collection = computed(() => {
    const { list, current } = collections;
    if (asked.value === '') return current ?? list[0] ?? null;
    return list.find((c) => c.id === asked.value) ?? list.find((c) => c.name === asked.value) ?? null;
  });
  /** The address names what is not there. */
  const absent = computed(() => collections.loaded && asked.value !== '' && collection.value === null);
  const part = computed({
    get: (): Part => PARTS.find((p) => p === route.query['part']) ?? 'photos',
    set: (p) => void change({ part: p === 'photos' ? undefined : p }),
  });

  function show(id: string, of?: Part): void {
    const query = of !== undefined ? { part: of } : part.value === 'history' ? { part: 'history' } : {};
    void router.push({ name: 'collection', params: { id }, query });
  }
  /** Changes the query and keeps what is not named. */
  function query(to: QueryChange): void {
    void change(to);
  }
  // The address says which one is seen, so that a link to it can be sent.
  watch(
    [here, asked, collection],
    ([is, name, c]) => {
      if (is && name === '' && c !== null)
        void router.replace({ name: 'collection', params: { id: c.id }, query: route.query });
    },
    { immediate: true },
  );
  return { collection, absent, asked, part, show, query };
}

export type CollectionAddress = ReturnType<typeof useCollection>;
