import { watch } from 'vue';
import { useRoute } from 'vue-router';
import { beginningsOf, MOST_SAID, photosText } from '../../kit/short-text.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection } from '../../stores/selection.ts';
import { request } from '../../transport/index.ts';
import { fewerText, useChoiceAddress, type ChoiceAddress } from './use-choice-address.ts';

/** None, where something else in the address chooses some. */
const NONE = 'none';
/** What follows are photos that are chosen and not implied, or implied and not chosen. */
const APART = '~';

/** @returns what is in one of the two and not in both, or null where that is more than `most`. */
function apart(a: ReadonlySet<string>, b: ReadonlySet<string>, most: number): Set<string> | null {
  const found = new Set<string>();
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    for (const id of one) {
      if (!other.has(id)) found.add(id);
      if (found.size > most) return null;
    }
  return found;
}

/**
 * Photos that are chosen, as an address says them: nothing for those that the rest of it implies, such as those under a lasso, and for the one
 * selected photo alone.
 */
export function selectionText(
  chosen: ReadonlySet<string>,
  implied: ReadonlySet<string>,
  current: string | null,
): string | null | undefined {
  if (chosen.size === 0) return implied.size === 0 ? undefined : NONE;
  if (implied.size === 0)
    return chosen.size === 1 && current !== null && chosen.has(current) ? undefined : photosText(chosen);
  const other = apart(chosen, implied, MOST_SAID);
  if (other?.size === 0) return undefined;
  const [whole, part] = [photosText(chosen), other === null ? null : photosText(other)];
  if (part === null || (whole !== null && whole.length <= part.length)) return whole;
  return APART + part;
}

/** Whether an address that says this of photos chooses, besides, what the rest of it implies. */
export function leavesImplied(said: unknown): boolean {
  return typeof said !== 'string' || said.startsWith(APART);
}

/** Keeps the chosen photos of all views in the address of the one that is shown, as long as the calling component is mounted. */
export function useSelectionAddress(): ChoiceAddress {
  const store = useSelection();
  const library = useLibrary();
  const notices = useNotices();
  const route = useRoute();

  /** What the rest of the address implies, once that is known, or nobody waits for it any more. */
  const implied = (still: () => boolean): Promise<ReadonlySet<string>> =>
    new Promise((done) => {
      const stop = watch(
        [() => store.implied(), () => route.fullPath],
        ([photos]) => {
          if (photos === null && still()) return;
          done(photos ?? new Set());
          queueMicrotask(() => stop());
        },
        { immediate: true, flush: 'post' },
      );
    });

  async function take(text: string, still: () => boolean): Promise<void> {
    if (text === NONE) {
      await implied(still);
      if (still()) store.choose([]);
      return;
    }
    const relative = text.startsWith(APART);
    const begins = beginningsOf(relative ? text.slice(1) : text);
    if (begins === null) {
      notices.add('error', 'The photos that the address chooses cannot be read', 'It was changed or cut on its way.');
      return;
    }
    const { photos } = await request('photos.named', { begins });
    const found = photos.filter((p) => p !== null);
    const base = await implied(still);
    if (!still()) return;
    if (relative && base.size === 0) {
      notices.add('error', 'The address chooses photos beside others that are not here', 'None of them is chosen.');
      return;
    }
    if (found.length < begins.length)
      notices.add(
        'error',
        fewerText('The library', found.length, begins.length, 'photo'),
        'Others were removed, or the address is of another library.',
      );
    if (found.length === 0) return;
    const { earlier } = store;
    store.choose(relative ? apart(base, new Set(found), Infinity)! : found);
    // What the address does not choose of a lasso was not let go of now.
    if (relative) store.earlier = earlier;
  }

  return useChoiceAddress({
    key: 'photos',
    ready: () => library.info !== null && route.name != null && route.meta['view'] !== 'start',
    known: () => store.implied() !== null,
    text: () => selectionText(store.chosen, store.implied()!, library.selectedPhoto),
    take,
  });
}
