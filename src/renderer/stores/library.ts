import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { ClusterInfo, LibraryInfo, NetworkInfo, PhotoInfo } from '../../shared/domain.ts';
import { onEvent, request } from '../app/transport.ts';
import { useNotices } from './notices.ts';

/** The open library, its clusters, the network in use, and the one selection that all views share. */
export const useLibrary = defineStore('library', () => {
  const info = ref<LibraryInfo | null>(null);
  const clusters = ref<readonly ClusterInfo[]>([]);
  const loaded = ref(false);
  /** Counts up when something of this kind changed, so that views can watch it. */
  const changes = ref<Record<string, number>>({});
  const chosenNetwork = ref<string | null>(null);
  const selectedPhoto = ref<string | null>(null);
  const selectedInfo = ref<PhotoInfo | null>(null);

  /** Of those that take photos; drawings have a view of their own. */
  const newest = computed<NetworkInfo | null>(
    () => info.value?.networks.findLast((n) => n.edges === undefined) ?? null,
  );
  const network = computed<NetworkInfo | null>(
    () => info.value?.networks.find((n) => n.id === chosenNetwork.value) ?? newest.value,
  );

  async function refresh(): Promise<void> {
    try {
      info.value = await request('library.current', {});
      clusters.value = info.value === null ? [] : await request('clusters.list', {});
      loaded.value = true;
    } catch (error) {
      useNotices().error(error);
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
    }
  }

  function listen(): void {
    onEvent((e) => {
      if (e.event === 'changed') {
        changes.value = { ...changes.value, [e.what]: (changes.value[e.what] ?? 0) + 1 };
        if (['library', 'clusters', 'training', 'descriptors', 'networks'].includes(e.what)) void refresh();
      }
      if (e.event === 'engine' && e.state === 'ready') void refresh();
    });
  }

  return {
    info,
    clusters,
    loaded,
    changes,
    network,
    newest,
    chosenNetwork,
    selectedPhoto,
    selectedInfo,
    refresh,
    select,
    listen,
  };
});
