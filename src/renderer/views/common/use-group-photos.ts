import { onScopeDispose, ref, watch } from 'vue';
import type { Provenance } from '../../../shared/facts/collections.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection } from '../../stores/selection.ts';

let lists = 0;

/**
 * Things that stand for several photos each, such as clusters and tuples: choosing one chooses its photos in the one selection, letting go
 * of it lets go of them, and where one of its photos is let go of elsewhere, it is not chosen any more.
 * @param o.held photos that are chosen for each; outlives the calling component where its owner does.
 * @param o.photos photos of each; those that cannot be told are left out.
 * @param o.drop these are not chosen any more.
 * @param o.said whether the address says what is chosen, so that it need not name the photos; null until that is known.
 */
export function useGroupPhotos<K>(o: {
  readonly held: Map<K, readonly string[]>;
  readonly chosen: () => ReadonlySet<K>;
  readonly photos: (keys: readonly K[]) => Promise<ReadonlyMap<K, readonly string[]>>;
  readonly origin: (key: K, photo: string) => Provenance | undefined;
  readonly drop: (keys: readonly K[]) => void;
  readonly said: () => boolean | null;
}): void {
  const store = useSelection();
  const { held } = o;
  const going = ref(false);
  let asked = 0;

  watch(
    () => store.chosen,
    (chosen) => {
      const lost = [...held].filter(([, photos]) => photos.some((p) => !chosen.has(p))).map(([key]) => key);
      for (const key of lost) held.delete(key);
      if (lost.length > 0) o.drop(lost);
    },
    { immediate: true, flush: 'sync' },
  );

  function letGo(now: ReadonlySet<K>): void {
    const out: string[] = [];
    for (const [key, photos] of held)
      if (!now.has(key)) {
        out.push(...photos);
        held.delete(key);
      }
    if (out.length === 0) return;
    const kept = new Set([...held.values()].flat());
    const gone = new Set(out.filter((p) => !kept.has(p)));
    store.choose([...store.chosen].filter((p) => !gone.has(p)));
  }

  async function follow(now: ReadonlySet<K>): Promise<void> {
    const mine = (asked += 1);
    going.value = false;
    letGo(now);
    const fresh = [...now].filter((key) => !held.has(key));
    if (fresh.length === 0) return;
    going.value = true;
    try {
      const of = await o.photos(fresh);
      if (mine !== asked) return;
      const by = new Map<string, K>();
      for (const key of fresh) {
        const photos = of.get(key);
        if (photos === undefined) continue;
        for (const p of photos) if (!by.has(p)) by.set(p, key);
      }
      store.choose(by.keys(), (photo) => o.origin(by.get(photo)!, photo), true);
      for (const key of fresh) if (of.has(key)) held.set(key, of.get(key)!);
    } catch (error) {
      useNotices().error(error);
    } finally {
      if (mine === asked) going.value = false;
    }
  }
  watch(o.chosen, (now) => void follow(now), { immediate: true });

  const name = `groups ${(lists += 1)}`;
  store.implies(name, () => {
    const said = o.said();
    if (going.value || said === null) return null;
    return said ? new Set([...held.values()].flat()) : new Set();
  });
  onScopeDispose(() => store.implies(name, undefined));
}
