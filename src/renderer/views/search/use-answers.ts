import { computed, watch } from 'vue';
import { useRoute } from 'vue-router';
import type { RouteResults } from '../../../shared/routes/index.ts';
import type { SearchMethod } from '../../../shared/domain.ts';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { useLongSearches } from '../../stores/long-searches.ts';
import { readBy } from './asked-parameters.ts';
import type { Asked } from './use-asked.ts';

type Answer = RouteResults<'search.run'>;
const TOP = 1000;

/** The answers to what is asked: by one method, and by a second beside it where one is chosen. */
export function useAnswers(asked: Asked) {
  const library = useLibrary();
  const route = useRoute();
  const common = computed(() => {
    const { photo, upload, crop, set, within, folded, size, truth } = asked;
    if (route.name !== 'search' || (photo.value === undefined && upload.value === undefined)) return null;
    return {
      ...(photo.value === undefined ? { upload: upload.value! } : { photo: photo.value }),
      ...(crop.value === undefined ? {} : { crop: crop.value }),
      ...(set.value === undefined ? {} : { set: set.value }),
      ...(within.value === undefined ? {} : { collection: within.value }),
      ...(folded.value ? { oneOfFold: true } : {}),
      ...(size.value === undefined || set.value !== undefined ? {} : { size: size.value }),
      ...library.withNetwork,
      ...(truth.value === undefined ? {} : { truth: truth.value }),
      top: TOP,
    };
  });
  const by = (method: SearchMethod | undefined): string | null =>
    common.value === null || method === undefined
      ? null
      : JSON.stringify({
          ...common.value,
          method,
          ranking: readBy(method, asked.parameters.value),
        });
  const long = useLongSearches();
  // The whole question is the id: the same one asked again keeps its answer in sight.
  const find = (question: string): Promise<Answer> => long.ask('search', JSON.parse(question));
  const first = useLatest(() => by(asked.method.value), find, { keep: true });
  const second = useLatest(() => by(asked.against.value), find, { keep: true });
  const again = (): void => {
    void first.reload();
    void second.reload();
  };
  watch(
    () => library.changed('descriptors'),
    () => {
      // What is under way is of the descriptors before.
      long.keepOnly('search', []);
      again();
    },
  );
  // Behind the questions themselves: what another one needs, too, is not given up. Who goes to another view asks for nothing else.
  watch([() => by(asked.method.value), () => by(asked.against.value)], (now) => {
    const questions = now.filter((q) => q !== null);
    if (questions.length > 0)
      long.keepOnly(
        'search',
        questions.map((q) => JSON.parse(q)),
      );
  });
  return {
    answer: first.data,
    other: second.data,
    failed: computed(() => first.error.value ?? second.error.value),
    again,
    /** The answer that is shown is to what was asked before. */
    old: computed(() => first.loading.value),
    busy: computed(() => first.loading.value || second.loading.value),
  };
}
