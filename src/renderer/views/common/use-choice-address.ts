import { computed, ref, watch, type ComputedRef } from 'vue';
import { plural } from '../../kit/format.ts';
import { useNotices } from '../../stores/notices.ts';
import { useQuery } from '../../stores/query.ts';

export interface ChoiceAddress {
  /** Something is chosen, and it is too much for an address. */
  readonly tooLong: ComputedRef<boolean>;
  /** The address says something that is not chosen yet. */
  readonly coming: ComputedRef<boolean>;
}

/** Says that not all is there of what an address chooses: `The library has 2 of the 3 photos that the address chooses`. */
export function fewerText(owner: string, found: number, asked: number, noun: string): string {
  const has = found === 0 ? 'none' : String(found);
  return asked === 1
    ? `${owner} does not have the ${noun} that the address chooses`
    : `${owner} has ${has} of the ${plural(asked, noun)} that the address chooses`;
}

/**
 * Keeps what is chosen of several things in the query of the address, so that a reload, a way back or a sent link chooses it again. What an
 * address says takes the place of what was chosen; where it says nothing, what was chosen before is in the address again. Changes are no
 * steps of their own.
 * @param o.key of the query.
 * @param o.ready whether it can be told now what an address means.
 * @param o.known whether it can be told what is chosen, too; left out: yes.
 * @param o.text what is chosen, as an address says it; undefined for nothing, null where that is too long.
 * @param o.take makes chosen what an address says, and says what of it cannot be. A failure is said here and leaves the address as it is.
 * `still` tells whether the address says so still.
 */
export function useChoiceAddress(o: {
  readonly key: string;
  readonly ready: () => boolean;
  readonly known?: () => boolean;
  readonly text: () => string | null | undefined;
  readonly take: (text: string, still: () => boolean) => void | Promise<void>;
}): ChoiceAddress {
  const { route, change } = useQuery();
  const reading = ref(false);
  const asked = (): string | undefined => {
    const said = route.query[o.key];
    // One that says it twice is read as a whole, or refused as one.
    return Array.isArray(said) ? said.join(',') : (said ?? undefined);
  };
  const known = computed(() => o.ready() && (o.known?.() ?? true));
  const text = computed(() => (known.value ? o.text() : undefined));
  /** What the address said last, what it was last asked to say, and what was chosen when it could not be read. */
  const seen = ref<string>();
  const said = ref<string>();
  let unread: string | null | undefined;
  let failed = false;
  let readings = 0;

  async function read(from: string): Promise<void> {
    const mine = (readings += 1);
    const still = (): boolean => mine === readings;
    reading.value = true;
    failed = false;
    try {
      await o.take(from, still);
    } catch (error) {
      if (!still()) return;
      useNotices().error(error);
      [failed, unread] = [true, text.value];
    } finally {
      if (still()) reading.value = false;
    }
  }

  function meet(): void {
    if (!o.ready()) return;
    const [there, chosen] = [asked(), text.value ?? undefined];
    if (there !== seen.value) {
      seen.value = there;
      readings += 1;
      reading.value = false;
      failed = false;
      if (there !== undefined && there !== said.value && there !== chosen) return void read(there);
    }
    if (reading.value || !known.value || there === chosen || (failed && unread === text.value)) return;
    failed = false;
    said.value = chosen;
    void change({ [o.key]: chosen });
  }
  watch([() => o.ready(), known, () => route.fullPath, text, reading], meet, { immediate: true, flush: 'post' });
  return {
    tooLong: computed(() => text.value === null),
    coming: computed(() => {
      const there = asked();
      return reading.value || (there !== undefined && there !== seen.value && there !== said.value);
    }),
  };
}
