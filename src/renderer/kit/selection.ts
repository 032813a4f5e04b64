/** What a click or a key is held with. */
export interface Held {
  readonly shift?: boolean;
  readonly ctrl?: boolean;
}

/**
 * Which of a list are chosen, as everywhere: a click chooses one, Ctrl adds or takes one, Shift chooses from the anchor to here (with Ctrl,
 * in addition). Arrows move, Shift with arrows reaches, Ctrl A chooses all. Immutable; items are known by id, so a list may change under it.
 */
export class Selection {
  readonly chosen: ReadonlySet<string>;
  /** Where a reach begins. */
  readonly anchor: string | null;
  /** The one that keys move, and that the inspector shows. */
  readonly current: string | null;

  constructor(chosen: Iterable<string> = [], current: string | null = null, anchor: string | null = current) {
    this.chosen = new Set(chosen);
    this.current = current;
    this.anchor = anchor;
  }

  /** An id that is not in `ids` changes nothing. */
  click(ids: readonly string[], id: string, held: Held = {}): Selection {
    if (!ids.includes(id)) return this;
    if (held.shift === true) return reached(this, ids, id, held.ctrl === true);
    if (held.ctrl !== true) return new Selection([id], id);
    return this.toggled(id);
  }

  /** Moves by `by` places, or to an end where there are fewer; Shift reaches, Ctrl moves without choosing. */
  move(ids: readonly string[], by: number, held: Held = {}): Selection {
    if (ids.length === 0) return this;
    const at = this.current === null ? -1 : ids.indexOf(this.current);
    const to = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.max(0, Math.min(ids.length - 1, at + by));
    const id = ids[to]!;
    if (held.shift === true) return reached(this, ids, id, false);
    if (held.ctrl === true) return new Selection(this.chosen, id, this.anchor);
    return new Selection([id], id);
  }

  all(ids: readonly string[]): Selection {
    return new Selection(ids, this.current ?? ids[0] ?? null, this.anchor);
  }

  /** Ctrl and Space: adds or takes one, wherever it is. */
  toggled(id: string): Selection {
    const next = new Set(this.chosen);
    if (!next.delete(id)) next.add(id);
    return new Selection(next, id);
  }

  /** These alone, or besides what is chosen; the current one and the anchor stay. */
  with(ids: Iterable<string>, also = true): Selection {
    return new Selection(also ? [...this.chosen, ...ids] : ids, this.current, this.anchor);
  }

  /** What of `ids` is not chosen in place of what is; what is not in `ids` stays. */
  inverted(ids: readonly string[]): Selection {
    const next = new Set(this.chosen);
    for (const id of new Set(ids)) if (!next.delete(id)) next.add(id);
    return new Selection(next, this.current, this.anchor);
  }

  none(): Selection {
    return new Selection([], this.current, this.current);
  }

  /** Only what is still in the list. */
  kept(ids: readonly string[]): Selection {
    const there = new Set(ids);
    const keep = (id: string | null): string | null => (id !== null && there.has(id) ? id : null);
    return new Selection(
      [...this.chosen].filter((id) => there.has(id)),
      keep(this.current),
      keep(this.anchor),
    );
  }
}

/** From the anchor to `id`; `also` adds to what is chosen. Not a private method: Vue's proxies of a selection have none. */
function reached(from: Selection, ids: readonly string[], id: string, also: boolean): Selection {
  const to = ids.indexOf(id);
  const at = from.anchor === null ? -1 : ids.indexOf(from.anchor);
  const anchor = at < 0 ? to : at;
  const range = ids.slice(Math.min(anchor, to), Math.max(anchor, to) + 1);
  return new Selection(also ? [...from.chosen, ...range] : range, id, ids[anchor]!);
}
