import { feature } from 'topojson-client';
import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import coastline from 'world-atlas/land-110m.json';
import type { PhotoPlace, TimeSpan } from '../../../shared/facts/photos.ts';
import { useLatest } from '../../kit/latest.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

type Land = ReturnType<typeof feature>;
type Topology = Parameters<typeof feature>[0];
const FINE_FROM = 2.5;
/** Farthest that a box may reach, in degrees. */
const MOST_DEGREES = 720;
const POLE = 91;

function landOf(atlas: unknown): Land {
  const topology = atlas as Topology;
  return feature(topology, topology.objects['land']!);
}

/** The coast: a rough one at first, and a fine one, which takes long to draw, where one looks closely. */
export function useCoast(zoom: () => number): ShallowRef<Land> {
  const land = shallowRef(landOf(coastline));
  let fine: Promise<unknown> | undefined;
  watch(
    () => zoom() > FINE_FROM,
    (closely) => {
      if (!closely) return;
      fine ??= import('world-atlas/land-50m.json').then(
        ({ default: atlas }) => (land.value = landOf(atlas)),
        () => (fine = undefined),
      );
    },
    { immediate: true },
  );
  return land;
}

/** What is seen of the map, in degrees. */
export interface Sight {
  /** Longitude and latitude of the middle. */
  readonly at: readonly [number, number];
  readonly width: number;
  readonly height: number;
  /** Photos that are nearer than this are one dot. */
  readonly cell: number;
  readonly taken: TimeSpan | undefined;
  /** Another text whenever photos may have changed. */
  readonly changes: string;
}

/** Places on what is seen, and a little around it: a drag does not ask at every pixel. @param sight null until it is known. */
export function usePlaces(sight: () => Sight | null): ComputedRef<readonly PhotoPlace[]> {
  const asked = computed(() => {
    const seen = sight();
    if (seen === null) return null;
    const { at, width, height, cell, taken } = seen;
    const within = (v: number, most: number): number => Math.max(-most, Math.min(most, v));
    const near = (v: number, step: number): number => Math.round(v / step) * step;
    const [w, h] = [0.75 * width, 0.75 * height];
    const [x, y] = [near(at[0], w / 3), near(at[1], h / 3)];
    return {
      taken,
      cell: 2 ** Math.round(Math.log2(cell)),
      box: {
        west: within(x - w, MOST_DEGREES),
        east: within(x + w, MOST_DEGREES),
        south: within(y - h, POLE),
        north: within(y + h, POLE),
      },
    };
  });
  const { data, error } = useLatest(
    computed(() => (asked.value === null ? null : JSON.stringify([asked.value, sight()!.changes]))),
    () => request('photos.places', asked.value!),
    { keep: true },
  );
  watch(error, (e) => e !== null && useNotices().error(e));
  return computed(() => data.value ?? []);
}
