import { computed, type Ref } from 'vue';
import type { DescriptorMap } from '../../../shared/domain.ts';
import { theme } from '../../stores/theme.ts';
import { categoryColour, scaleColour } from './colours.ts';

export interface Category {
  readonly name: string | null;
  readonly count: number;
  readonly colour: string;
}

/** How the dots of a map are coloured by a field: numbers on a scale, else a colour for each value, most frequent first. */
export function useField(map: Ref<DescriptorMap | null>, name: Ref<string>) {
  const field = computed(() => map.value?.fields.find((f) => f.name === name.value) ?? map.value?.fields[0]);
  const numeric = computed(() => field.value?.values.some((v) => typeof v === 'number') === true);
  const range = computed(() => {
    let low = Infinity;
    let high = -Infinity;
    for (const v of field.value?.values ?? []) {
      if (typeof v !== 'number') continue;
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    return { low, high };
  });
  const categories = computed((): Category[] => {
    void theme.value;
    const count = new Map<string | null, number>();
    for (const v of field.value?.values ?? []) {
      const k = v === null ? null : String(v);
      count.set(k, (count.get(k) ?? 0) + 1);
    }
    return [...count]
      .sort((a, b) => b[1] - a[1] || (String(a[0]) < String(b[0]) ? -1 : 1))
      .map(([value, n], i) => ({ name: value, count: n, colour: categoryColour(value === null ? -1 : i) }));
  });
  const colours = computed(() => {
    void theme.value;
    const of = new Map(categories.value.map((c) => [c.name, c.colour]));
    const { low, high } = range.value;
    return (field.value?.values ?? []).map((v) => {
      if (v === null) return categoryColour(-1);
      return typeof v === 'number' ? scaleColour((v - low) / Math.max(1e-9, high - low)) : of.get(v)!;
    });
  });
  return { field, numeric, range, categories, colours };
}
