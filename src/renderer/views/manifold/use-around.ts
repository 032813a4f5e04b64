import { computed, shallowRef, watch } from 'vue';
import type { ManifoldView } from '../../../shared/domain.ts';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';
import { useReview } from '../../stores/review.ts';
import { request } from '../../transport/index.ts';
import { useSets } from '../common/use-sets.ts';
import { aroundQuestion, middleOf } from './around-question.ts';
import { useWhole } from './use-whole.ts';

/** The photo that stands in the middle, what is around it, and what a person says of a neighbour. All of it is in the address. */
export function useAround() {
  const { route, change } = useQuery();
  const library = useLibrary();
  const review = useReview();
  const sets = useSets();
  const photo = computed(() => middleOf(route.query));
  function query(asked: QueryChange): void {
    void change(asked, { push: true });
  }
  function walk(to: string): void {
    void library.select(to);
    query({ photo: to });
  }

  const listed = useLatest(
    () => library.changed('descriptors'),
    () => sets.refresh(),
  );
  const question = computed(() => {
    const asked = sets.key.value === undefined ? null : aroundQuestion(route.query, sets.key.value);
    return asked === null || route.name !== 'manifold' ? null : JSON.stringify(asked);
  });
  const ask = (asked: string): Promise<ManifoldView> => request('manifold.around', JSON.parse(asked));
  const around = useLatest(question, ask, { keep: true });
  watch([() => library.changed('descriptors'), () => library.changed('library')], () => void around.reload());
  // While it is asked which sets there are, the thread begins and reads the one in use.
  if (photo.value !== null)
    request('search.prepare', { descriptors: true, ...library.withNetwork }).catch(() => undefined);

  /** The whole, once it is there, of what was asked when its part came. */
  const whole = shallowRef<{ readonly part: ManifoldView; readonly view: ManifoldView } | null>(null);
  const view = computed(
    () => (whole.value?.part === around.data.value ? whole.value?.view : undefined) ?? around.data.value,
  );
  const { finding, reasons } = useWhole(view, async () => {
    const [part, asked] = [around.data.value, question.value];
    if (part !== null && asked !== null) whole.value = { part, view: await ask(asked) };
  });
  /** The photo whose selection can be judged: one that is not in the middle itself. */
  const judging = computed(
    () => view.value !== null && library.selectedPhoto !== null && library.selectedPhoto !== photo.value,
  );
  /** Says what the selected neighbour is to the photo: the graph itself does not change, what is mined next does. */
  async function judge(verdict: 'accept' | 'reject' | 'same-object'): Promise<void> {
    const [asked, other, v] = [photo.value, library.selectedPhoto, view.value];
    if (asked === null || other === null || v === null || asked === other) return;
    const n = [...v.euclidean, ...v.manifold, ...v.positives, ...v.negatives].find((x) => x.photo === other);
    const aspect = verdict === 'same-object' || n?.role === 'negative' ? 'negative' : 'positive';
    const words = { accept: 'Accepted', reject: 'Rejected', 'same-object': 'Same object' } as const;
    await review.decide(`${words[verdict]}: ${n?.clusterName ?? 'a neighbour'}`, [
      { query: asked, other, aspect, verdict },
    ]);
  }
  return {
    photo,
    view,
    sets,
    loading: around.loading,
    error: computed(() => listed.error.value ?? around.error.value ?? reasons.value),
    finding,
    judging,
    judge,
    query,
    walk,
  };
}
