import { computed, onBeforeUnmount, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { useRoute } from 'vue-router';
import { plural } from '../../kit/format.ts';
import type { Point } from '../../kit/polygon.ts';
import { beginningsOf, MOST_SAID, photosText } from '../../kit/short-text.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection } from '../../stores/selection.ts';
import { request } from '../../transport/index.ts';
import { fewerText, useChoiceAddress } from '../common/use-choice-address.ts';
import { leavesImplied } from '../common/use-selection-address.ts';
import { foundBy, lassoOf, lassoText, outlineOf, sumOf, type Outline } from './lasso-text.ts';
import type { ShownMap } from './map-data.ts';

type Map = Pick<ShownMap, 'photos' | 'x' | 'y'>;

/** Photos under a lasso on the map of a set of descriptors, and what was drawn around them; null where that is not known. */
interface Kept {
  readonly set: string | undefined;
  readonly photos: readonly string[];
  /** Their positions on the map on which they were found. */
  readonly inside: readonly number[];
  readonly map: Map;
  readonly outlines: readonly Outline[] | null;
}
/** The lasso outlives the view, as the photos that it chose do. */
const kept = shallowRef<Kept | null>(null);
let of: string | undefined;

export interface Lassoed {
  /** Their positions on the map, and their ids. */
  readonly inside: ComputedRef<readonly number[]>;
  readonly lassoed: ComputedRef<readonly string[]>;
  /** Neither they nor what was drawn around them is short enough for an address. */
  readonly tooLong: ComputedRef<boolean>;
  /** A line was drawn: what it finds is chosen. @param also in addition to what is lassoed. */
  readonly draw: (line: readonly Point[], pixel: Point, also: boolean) => void;
  readonly letGo: () => void;
}

/**
 * Photos under the lasso. They stand in the address: by name where they are few, so that they are found on every map; otherwise as what was
 * drawn around them, which finds them on the same map alone.
 * @param choose makes them the chosen photos, or adds them to those: once a line was drawn, and where an address with a lasso does not say otherwise.
 */
export function useLassoed(
  map: Readonly<Ref<Map | null>>,
  set: Readonly<Ref<string | undefined>>,
  choose: (photos: readonly string[], also: boolean) => void,
): Lassoed {
  const library = useLibrary();
  const notices = useNotices();
  const selection = useSelection();
  const route = useRoute();
  const here = route.name;

  // Photos of one library are none of another.
  watch(
    () => library.info?.path,
    (path) => {
      if (path === undefined || path === of) return;
      if (of !== undefined) kept.value = null;
      of = path;
    },
    { immediate: true },
  );
  const inside = computed((): readonly number[] => {
    const [at, now] = [map.value, kept.value];
    if (at === null || now === null || now.set !== set.value) return [];
    if (now.map === at) return now.inside;
    return now.photos.map((photo) => at.photos.indexOf(photo)).filter((i) => i >= 0);
  });
  const photosAt = (positions: readonly number[]): string[] => positions.map((i) => map.value!.photos.at(i));
  const lassoed = computed(() => (inside.value === kept.value?.inside ? kept.value.photos : photosAt(inside.value)));
  /** What the address says: what was drawn, only as long as it finds the same on this map. */
  const text = computed(() => {
    const positions = inside.value;
    if (positions.length === 0) return undefined;
    const outlines = kept.value?.outlines ?? null;
    if (positions.length <= MOST_SAID || outlines === null) return photosText(new Set(lassoed.value));
    const found = new Set(foundBy(outlines, map.value!.x, map.value!.y));
    if (found.size !== positions.length || !positions.every((i) => found.has(i))) return null;
    return lassoText({ outlines, count: positions.length, sum: sumOf(lassoed.value) });
  });

  function keep(positions: readonly number[], photos: readonly string[], outlines: readonly Outline[] | null): void {
    kept.value = { set: set.value, photos, inside: positions, map: map.value!, outlines };
  }
  function take(positions: readonly number[], photos: readonly string[], outlines: readonly Outline[] | null): void {
    keep(positions, photos, outlines);
    if (leavesImplied(route.query['photos'])) choose(photos, false);
  }
  async function named(begins: readonly string[], still: () => boolean): Promise<void> {
    const { photos } = await request('photos.named', { begins: [...begins] });
    if (!still() || map.value === null) return;
    const found = photos.map((p) => (p === null ? -1 : map.value!.photos.indexOf(p))).filter((i) => i >= 0);
    if (found.length < begins.length)
      notices.add(
        'error',
        fewerText('This map', found.length, begins.length, 'photo'),
        'Others were removed, or have not been laid out.',
      );
    if (found.length > 0) take(found, photosAt(found), null);
  }
  const { tooLong, coming } = useChoiceAddress({
    key: 'lasso',
    ready: () => map.value !== null && route.name === here,
    text: () => text.value,
    take(said, still) {
      const begins = said.includes('.') ? null : beginningsOf(said);
      if (begins !== null) return named(begins, still);
      const lasso = lassoOf(said);
      if (lasso === null) {
        notices.add('error', 'The lasso in the address cannot be read', 'It was changed or cut on its way.');
        return;
      }
      const found = foundBy(lasso.outlines, map.value!.x, map.value!.y);
      const photos = photosAt(found);
      if (photos.length === lasso.count && sumOf(photos) === lasso.sum) return take(found, photos, lasso.outlines);
      notices.add(
        'error',
        'The lasso in the address was drawn on another map',
        `It found ${plural(lasso.count, 'photo')} there and ${photos.length === lasso.count ? 'others' : photos.length} here. Draw it again.`,
      );
    },
  });

  const photos = computed(() => new Set(lassoed.value));
  selection.implies('lasso', () => {
    if (coming.value) return null;
    return typeof text.value === 'string' ? photos.value : new Set();
  });
  onBeforeUnmount(() => selection.implies('lasso', undefined));

  return {
    inside,
    lassoed,
    tooLong,
    draw(line, pixel, also) {
      const outline = outlineOf(line, pixel);
      const found = foundBy([outline], map.value!.x, map.value!.y);
      const before = also && kept.value?.set === set.value ? kept.value : null;
      const positions = before === null ? found : [...new Set([...inside.value, ...found])];
      const drawn = before === null ? [] : before.outlines;
      const outlines = drawn === null ? null : [...drawn, outline];
      keep(positions, photosAt(positions), outlines);
      if (found.length > 0) choose(lassoed.value, also);
    },
    letGo: () => (kept.value = null),
  };
}
