/** Whether something can be done now: true, or the reason why not, as people read it. */
export type Applies = true | string;

/** Where an action is offered besides its keys. */
export type Offered = 'palette' | 'menu' | 'context' | 'toolbar';

export type ActionGroup =
  | 'Go to'
  | 'Everywhere'
  | 'Library'
  | 'Jobs'
  | 'Tools'
  | 'In lists'
  | 'Choosing'
  | 'Collections'
  | 'Selected photo'
  | 'Search'
  | 'Draw'
  | 'Map'
  | 'Review'
  | 'Tuple'
  | 'Clusters'
  | '3D model, map and tuple';

/**
 * What a person can do: the one definition from which keys, the help sheet, the palette, buttons and context menus are made.
 * Keys that a person changed are kept by `id`, so an id stays for ever.
 */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: ActionGroup;
  /** As the keyboard writes them: `a`, `shift+t`, `mod+k`, `arrowdown`. */
  readonly keys: readonly string[];
  readonly offered: readonly Offered[];
  /** Names of the views in which it means something; null for everywhere. */
  readonly within: readonly string[] | null;
  /** What must hold in every view. */
  readonly applies: () => Applies;
  /** What it does where no view that is shown does it in its own way; null where only views can. */
  readonly run: (() => unknown) | null;
  /** Id of the action that takes it back; null where nothing is changed that could be. */
  readonly undoneBy: string | null;
  /** Changes the library: not possible where that is open for reading. */
  readonly writes: boolean;
  /** Its key works while a person types and over dialogs, too. */
  readonly always: boolean;
}

type Spec = Pick<Action, 'id' | 'label' | 'group'> & Partial<Omit<Action, 'id' | 'label' | 'group'>>;

const WRITTEN: readonly string[] = ['undo', 'redo', 'cancelJob'];

/** Makes an action. @throws where neither it nor a view could ever do it. */
export function action(spec: Spec): Action {
  const made = {
    keys: [],
    offered: ['palette' as const],
    within: null,
    applies: () => true as const,
    run: null,
    undoneBy: null,
    always: false,
    // What a decision or a job is undone by, decided or began something.
    writes: WRITTEN.includes(spec.undoneBy ?? ''),
    ...spec,
  };
  if (made.run === null && made.within === null)
    throw new Error(`${spec.id} says neither what it does nor which views do it`);
  return made;
}

/** True where two actions can be done at the same place, so that they may not share a key. */
export function meet(a: Action, b: Action): boolean {
  return a.within === null || b.within === null || a.within.some((v) => b.within!.includes(v));
}
