import { computed, watch, type Ref } from 'vue';
import type { ClusterDetail, CovisibleView } from '../../../shared/domain.ts';
import { useLatest } from '../../kit/latest.ts';
import { useNotices } from '../../stores/notices.ts';
import { fetchArray, request } from '../../transport/index.ts';

/** What is lit in the model: a camera, those that share points with it, and the points. */
export interface Light {
  readonly view: number | null;
  /** Cameras by how strongly they are linked, 0 to 1. */
  readonly strength: ReadonlyMap<number, number>;
  readonly seen: Uint32Array | null;
}

interface Found {
  readonly view: number;
  readonly partner: number | null;
  readonly covisible: readonly CovisibleView[];
  readonly seen: Uint32Array;
}

const DARK: Light = { view: null, strength: new Map(), seen: null };

/** Which cameras share points with the selected one, and which points: those of both where a partner was asked for. */
export function useCovisible(
  detail: Ref<ClusterDetail | null>,
  selected: Ref<number | null>,
  partner: Ref<number | null>,
) {
  const asked = computed(() =>
    detail.value?.modelled === true && selected.value !== null
      ? `${detail.value.id}/${selected.value}/${partner.value ?? ''}`
      : null,
  );
  const { data, error } = useLatest(
    asked,
    async (key, signal): Promise<Found> => {
      const [id, view, other] = key.split('/') as [string, string, string];
      const points = async (v: string): Promise<Uint32Array> =>
        new Uint32Array(await fetchArray(`cluster/${id}/view/${v}`, signal));
      const [covisible, seen, also] = await Promise.all([
        request('clusters.covisible', { id, view: Number(view) }),
        points(view),
        other === '' ? null : points(other),
      ]);
      const both = also === null ? null : new Set(also);
      return {
        view: Number(view),
        partner: other === '' ? null : Number(other),
        covisible,
        seen: both === null ? seen : seen.filter((p) => both.has(p)),
      };
    },
    { keep: true },
  );
  watch(error, (e) => e !== null && useNotices().error(e));

  const covisible = computed(() => data.value?.covisible ?? []);
  const sharedBy = computed(() => new Map(covisible.value.map((c) => [c.index, c])));
  const pairPoints = computed(() => new Set(data.value?.seen ?? []).size);
  const light = computed((): Light => {
    const d = data.value;
    if (asked.value === null || d === null) return DARK;
    const most = d.covisible[0]?.shared ?? 1;
    const strength =
      d.partner === null ? new Map(d.covisible.map((c) => [c.index, c.shared / most])) : new Map([[d.partner, 1]]);
    return { view: d.view, strength, seen: d.seen };
  });
  return { covisible, sharedBy, pairPoints, light };
}
