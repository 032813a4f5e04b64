import { computed, type Ref } from 'vue';
import type { DotColours } from '../../scenes/map-scene.ts';
import { theme } from '../../stores/theme.ts';
import { categoryColour, scaleColour } from './colours.ts';
import type { FieldValues } from './map-data.ts';

export interface Category {
  readonly name: string | null;
  readonly count: number;
  readonly colour: string;
}

/** Colours of a scale. */
const STEPS = 255;

/** How the dots of a map are coloured by a field: numbers on a scale, else a colour for each value, most frequent first. */
export function useField(field: Ref<FieldValues | null>) {
  const numeric = computed(() => field.value !== null && field.value.names === null);
  const range = computed(() => {
    let low = Infinity;
    let high = -Infinity;
    const f = field.value;
    for (let i = 0; numeric.value && i < f!.length; i += 1) {
      const v = f!.at(i);
      if (v === null) continue;
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    return { low, high };
  });
  /** How many photos have each name; the last is of those that have none. */
  const counts = computed(() => {
    const f = field.value;
    const names = f?.names ?? [];
    const of = new Uint32Array(names.length + 1);
    for (let i = 0; f !== null && f.names !== null && i < f.length; i += 1) of[f.at(i) ?? names.length]! += 1;
    return of;
  });
  /** Numbers of names, most frequent first. */
  const order = computed(() => {
    const names = field.value?.names ?? [];
    const text = (i: number): string => names[i] ?? 'null';
    return Array.from(counts.value.keys())
      .filter((i) => counts.value[i]! > 0)
      .sort((a, b) => counts.value[b]! - counts.value[a]! || (text(a) < text(b) ? -1 : 1));
  });
  const categories = computed((): Category[] => {
    void theme.value;
    const names = field.value?.names ?? [];
    return order.value.map((at, i) => ({
      name: names[at] ?? null,
      count: counts.value[at]!,
      colour: categoryColour(at === names.length ? -1 : i),
    }));
  });
  const colours = computed((): DotColours => {
    void theme.value;
    const f = field.value;
    if (f === null) return { palette: [categoryColour(-1)], of: () => 0 };
    if (f.names === null) {
      const { low, high } = range.value;
      const palette = Array.from({ length: STEPS + 1 }, (_, i) => scaleColour(i / STEPS));
      const span = Math.max(1e-9, high - low);
      return {
        palette: [...palette, categoryColour(-1)],
        of: (i) => {
          const v = f.at(i);
          return v === null ? STEPS + 1 : Math.round((STEPS * (v - low)) / span);
        },
      };
    }
    const none = f.names.length;
    const palette = Array.from({ length: none + 1 }, () => '');
    order.value.forEach((at, i) => (palette[at] = categories.value[i]!.colour));
    return { palette, of: (i) => f.at(i) ?? none };
  });
  /** What a photo has, in words. */
  function said(i: number): string {
    const v = field.value?.at(i) ?? null;
    if (v === null) return 'none';
    return field.value?.names?.[v] ?? String(Math.round(1000 * v) / 1000);
  }
  return { numeric, range, categories, colours, said };
}
