import { computed, watch } from 'vue';
import type { Protocol, SearchMethod } from '../../../shared/domain.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';
import { parametersIn } from './asked-parameters.ts';
import { cropText, parseCrop, type Box } from './methods.ts';

/** What a search asks, as the address has it: a link to it asks the same, of the same network. */
export function useAsked() {
  const { route, change } = useQuery();
  const library = useLibrary();
  const notices = useNotices();
  const text = (key: string): string | undefined => {
    const v = route.query[key];
    return typeof v === 'string' && v !== '' ? v : undefined;
  };
  const photo = computed(() => text('photo'));
  const upload = computed(() => text('file'));
  const crop = computed(() => parseCrop(route.query['crop']));
  const method = computed(() => (text('method') ?? 'cosine') as SearchMethod);
  const against = computed(() => text('with') as SearchMethod | undefined);
  const set = computed(() => text('set'));
  /** The version of a collection that is searched, as `NAME@3`. */
  const within = computed(() => text('in'));
  /** Of near duplicates that are folded together only the first. */
  const folded = computed(() => text('folded') === 'one');
  /** Long side in pixels at which photos are described; undefined for what the network takes. */
  const size = computed(() => (/^\d+$/.test(text('size') ?? '') ? Number(text('size')) : undefined));
  /** What is said of the methods; what is left out is as each says itself. */
  const parameters = computed(() => parametersIn(route.query));
  const truthText = computed(() => text('truth'));
  const truth = computed(() => {
    const [id, protocol] = truthText.value?.split('.') ?? [];
    return id === undefined || protocol === undefined ? undefined : { id, protocol: protocol as Protocol };
  });

  /** Changes the address and keeps what is not named. */
  function go(asked: QueryChange): void {
    void change({ network: library.chosenNetwork ?? undefined, ...asked }, { push: true });
  }
  function ask(id: string): void {
    go({ photo: id, file: undefined, crop: undefined });
  }
  function setCrop(box: Box | undefined): void {
    go({ crop: cropText(box) });
  }

  watch(
    [() => text('network'), () => library.info?.networks],
    ([id, networks]) => {
      if (id === undefined || networks === undefined) return;
      if (networks.some((n) => n.id === id)) library.chosenNetwork = id;
      else if (route.name === 'search') {
        notices.add('error', `The library has no network ${id}`, 'The search is by its default network.');
        void change({ network: undefined });
      }
    },
    { immediate: true },
  );
  watch(
    () => library.chosenNetwork,
    (id) => {
      if (route.name === 'search' && text('network') !== (id ?? undefined)) void change({ network: id ?? undefined });
    },
  );
  return {
    photo,
    upload,
    crop,
    method,
    against,
    set,
    within,
    folded,
    size,
    parameters,
    truth,
    truthText,
    go,
    ask,
    setCrop,
  };
}

export type Asked = ReturnType<typeof useAsked>;
