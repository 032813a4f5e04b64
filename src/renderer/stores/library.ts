import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { ClusterInfo, LibraryInfo, NetworkInfo, PhotoInfo } from '../../shared/domain.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { onEvent, outbox, request } from '../transport/index.ts';
import { useConnection } from './connection.ts';
import { useNotices } from './notices.ts';

/** Changes after which the facts of the library and its clusters are read again. */
const REFRESHED_BY = ['library', 'clusters', 'training', 'descriptors', 'networks'];

/** The open library, its clusters, the network in use, and the one selection that all views share. */
export const useLibrary = defineStore('library', () => {
  const info = ref<LibraryInfo | null>(null);
  const clusters = ref<readonly ClusterInfo[]>([]);
  const loaded = ref(false);
  const changes = ref<Record<string, number>>({});
  const chosenNetwork = ref<string | null>(null);
  const selectedPhoto = ref<string | null>(null);
  const selectedInfo = ref<PhotoInfo | null>(null);
  const connection = useConnection();
  let asked = 0;

  /** The library's own, of those that take photos; drawings have a view of their own. */
  const preferred = computed<NetworkInfo | null>(() => {
    const id = info.value?.defaults.find((d) => d.takes === 'photos')?.network;
    return info.value?.networks.find((n) => n.id === id) ?? null;
  });
  const network = computed<NetworkInfo | null>(
    () => info.value?.networks.find((n) => n.id === chosenNetwork.value) ?? preferred.value,
  );
  /** For jobs and requests that take the network in use. */
  const withNetwork = computed(() => (network.value === null ? {} : { network: network.value.id }));
  const empty = computed(() => (info.value?.photos ?? 0) === 0);

  /** A number that changes when something of this kind did, or when the engine was away, so that views can watch it. */
  function changed(what: string): number {
    return (changes.value[what] ?? 0) + connection.returns;
  }

  async function refresh(): Promise<void> {
    const mine = (asked += 1);
    try {
      const now = await request('library.current', {});
      const list = now === null ? [] : await request('clusters.list', {});
      if (mine !== asked) return;
      info.value = now;
      clusters.value = list;
      loaded.value = true;
      outbox.opened(now?.path);
    } catch (error) {
      if (mine === asked) useNotices().error(error);
    }
  }

  async function select(photo: string | null): Promise<void> {
    selectedPhoto.value = photo;
    selectedInfo.value = null;
    if (photo === null) return;
    try {
      const facts = await request('photos.info', { id: photo });
      if (selectedPhoto.value === photo) selectedInfo.value = facts;
    } catch (error) {
      useNotices().error(error);
      // One that there is not, as of an old address, is not selected.
      const { code } = toErrorShape(error);
      if (selectedPhoto.value === photo && (code === 'NOT_FOUND' || code === 'VALIDATION_FAILED'))
        selectedPhoto.value = null;
    }
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'changed') {
        changes.value = { ...changes.value, [e.what]: (changes.value[e.what] ?? 0) + 1 };
        if (REFRESHED_BY.includes(e.what)) void refresh();
      }
      if (e.event === 'engine' && e.state === 'ready') void refresh();
    });
  }

  return {
    info,
    clusters,
    loaded,
    changed,
    network,
    withNetwork,
    empty,
    preferred,
    chosenNetwork,
    selectedPhoto,
    selectedInfo,
    refresh,
    select,
    listen,
  };
});
