import { computed, onBeforeUnmount, onMounted, ref, type Ref, type WritableComputedRef } from 'vue';
import { chooseAll, invertChoice, reachNext, reachPrevious } from '../../actions/choice.ts';
import { useAction } from '../../actions/use-action.ts';
import type { Band } from '../../kit/band.ts';
import { beginDrag, endDrag } from '../../kit/photo-drag.ts';
import { Selection, type Held } from '../../kit/selection.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection, type Origin, type ResultList } from '../../stores/selection.ts';
import { useBandOf } from './use-band-of.ts';

/** What a list does with the one selection of photos. */
export interface Chooser {
  /** For a grid of the kit. */
  readonly selection: WritableComputedRef<Selection>;
  readonly isChosen: (photo: string) => boolean;
  /** A click on a photo of the list. @returns whether Shift or Ctrl was held, so that it only chose. */
  readonly click: (photo: string, event: MouseEvent) => boolean;
  /** Makes keys mean this list, of several. */
  readonly lead: () => void;
  /** Drawn over the photos of an element with `on`; null while there is none. */
  readonly band: Readonly<Ref<Band | null>>;
  /**
   * For an element around the list's photos, each in an element with `data-choose`: space chooses, dragging carries; a band is drawn from
   * where no photo is, or with Shift or Ctrl.
   */
  readonly on: {
    readonly focusin: () => void;
    readonly keydown: (event: KeyboardEvent) => void;
    readonly pointerdown: (event: PointerEvent) => void;
    readonly dragstart: (event: DragEvent) => void;
    readonly dragend: () => void;
  };
}

let lists = 0;

function photoOf(event: Event): string | undefined {
  return (event.target as Element | null)?.closest<HTMLElement>('[data-choose]')?.dataset['choose'];
}

/**
 * Lets a list of photos take part in the one selection, as long as the calling component is mounted. Of several lists, the keys are of the
 * one that was worked in last.
 * @param list.ids the whole result in its order, also what is not shown.
 */
export function useChooser(list: ResultList): Chooser {
  const store = useSelection();
  const name = `list ${(lists += 1)}`;
  const origin: Origin | undefined = list.origin;
  const box = ref<HTMLElement | null>(null);
  const first: (() => void)[] = [];
  function lead(): void {
    for (const put of first) put();
    if (origin !== undefined) store.shows(origin);
  }
  const selection = computed({
    get: () => store.state,
    set(next) {
      lead();
      store.take(next, origin);
    },
  });
  if (origin !== undefined) {
    onMounted(() => store.shows(origin));
    onBeforeUnmount(() => store.hides(origin));
  }

  /** Does something with the whole list, fetched or at hand. */
  function whole(use: (ids: readonly string[]) => void): void {
    const ids = list.ids();
    if (ids instanceof Promise) ids.then(use, (error: unknown) => useNotices().error(error));
    else use(ids);
  }
  /** Reaches on from the anchor; from the current photo where none is chosen. */
  function step(by: number): void {
    const { chosen, current, anchor } = store.state;
    const start = anchor !== null && chosen.has(anchor) ? store.state : new Selection(chosen, current, current);
    whole((ids) => store.take(start.move(ids, by, { shift: true }), origin));
  }
  const some = (): true | string => (list.total() > 0 ? true : 'There is no photo here');
  first.push(
    useAction(chooseAll, () => whole((ids) => store.choose(ids, origin, true)), some),
    useAction(invertChoice, () => whole((ids) => store.take(store.state.inverted(ids), origin)), some),
    useAction(reachNext, () => step(1), some),
    useAction(reachPrevious, () => step(-1), some),
  );
  const { band, down, ended } = useBandOf(box, (ids, also) => store.choose(ids, origin, also));

  return {
    selection,
    isChosen: (photo) => store.chosen.has(photo),
    band,
    lead,
    click(photo, event) {
      // What ends a band is no click.
      if (ended()) return true;
      const held: Held = { shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey };
      whole((ids) => store.take(store.state.click(ids, photo, held), origin));
      return held.shift === true || held.ctrl === true;
    },
    on: {
      focusin: lead,
      pointerdown(event) {
        lead();
        box.value = event.currentTarget as HTMLElement;
        down(event);
      },
      keydown(event) {
        const photo = event.key === ' ' && !event.altKey && !event.shiftKey ? photoOf(event) : undefined;
        if (photo === undefined) return;
        event.preventDefault();
        store.take(store.state.toggled(photo), origin);
      },
      dragstart(event) {
        const photo = photoOf(event);
        if (photo === undefined) return;
        if (event.shiftKey || event.ctrlKey || event.metaKey) return event.preventDefault();
        beginDrag(event, store.chosen.has(photo) ? [...store.chosen] : [photo], name);
      },
      dragend: endDrag,
    },
  };
}
