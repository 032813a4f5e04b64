import { computed, type WritableComputedRef } from 'vue';
import { chooseAll, invertChoice, reachNext, reachPrevious } from '../../actions/choice.ts';
import { useAction } from '../../actions/use-action.ts';
import { beginDrag, endDrag } from '../../kit/photo-drag.ts';
import { Selection, type Held } from '../../kit/selection.ts';
import { useNotices } from '../../stores/notices.ts';
import { useSelection, type Origin, type ResultList } from '../../stores/selection.ts';

/** What a list does with the one selection of photos. */
export interface Chooser {
  /** For a grid of the kit. */
  readonly selection: WritableComputedRef<Selection>;
  readonly isChosen: (photo: string) => boolean;
  /** A click on a photo of the list. @returns whether Shift or Ctrl was held, so that it only chose. */
  readonly click: (photo: string, event: MouseEvent) => boolean;
  /** For an element around the list's photos, each in an element with `data-choose`: space chooses, dragging carries. */
  readonly on: {
    readonly keydown: (event: KeyboardEvent) => void;
    readonly dragstart: (event: DragEvent) => void;
    readonly dragend: () => void;
  };
}

let lists = 0;

function photoOf(event: Event): string | undefined {
  return (event.target as Element | null)?.closest<HTMLElement>('[data-choose]')?.dataset['choose'];
}

/**
 * Lets a list of photos take part in the one selection, as long as the calling component is mounted.
 * @param list.ids the whole result in its order, also what is not shown.
 */
export function useChooser(list: ResultList): Chooser {
  const store = useSelection();
  const name = `list ${(lists += 1)}`;
  const origin: Origin | undefined = list.origin;
  const selection = computed({ get: () => store.state, set: (next) => store.take(next, origin) });

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
  useAction(chooseAll, () => whole((ids) => store.choose(ids, origin, true)), some);
  useAction(invertChoice, () => whole((ids) => store.take(store.state.inverted(ids), origin)), some);
  useAction(reachNext, () => step(1), some);
  useAction(reachPrevious, () => step(-1), some);

  return {
    selection,
    isChosen: (photo) => store.chosen.has(photo),
    click(photo, event) {
      const held: Held = { shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey };
      whole((ids) => store.take(store.state.click(ids, photo, held), origin));
      return held.shift === true || held.ctrl === true;
    },
    on: {
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
