import type { LocationQueryRaw } from 'vue-router';
import type { Action } from '../actions/action.ts';
import { keyLabel } from '../actions/keys.ts';
import { isHere, perform, stateOf } from '../actions/use-action.ts';
import type { View } from '../views/view.ts';

/** What the palette offers. `why` says why it cannot be done now. */
export interface Found {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly why: string | null;
  readonly run: () => void;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

const SHOWN = 14;

/** How well a label fits words: at its start best, then at the start of a word, then anywhere; -1 where a word is missing. */
export function fit(label: string, words: readonly string[]): number {
  const text = label.toLowerCase();
  let sum = 0;
  for (const w of words) {
    const at = text.indexOf(w);
    if (at < 0) return -1;
    if (at === 0) sum += 3;
    else if (!/[\p{L}\p{N}]/u.test(text[at - 1]!)) sum += 2;
    else sum += 1;
  }
  return sum;
}

/** What actions the palette lists: those it is to offer, and of those that other views do only what is asked for by name. */
export function actionEntries(actions: readonly Action[], asked: boolean): Found[] {
  return actions
    .filter((a) => a.offered.includes('palette') && (asked || isHere(a)))
    .map((a) => {
      const state = stateOf(a);
      return {
        id: `action ${a.id}`,
        label: a.label,
        note: keyLabel(a),
        why: state === true ? null : state,
        run: () => perform(a),
      };
    });
}

/** Places within views that have words of their own. */
export function viewEntries(views: readonly View[], lead: (name: string, query: LocationQueryRaw) => void): Found[] {
  return views.flatMap((v) =>
    (v.palette ?? []).map((e) => ({
      id: `view ${v.name} ${e.label}`,
      label: e.label,
      note: '',
      why: null,
      run: () => lead(v.name, e.query),
    })),
  );
}

export function namedEntries(kind: 'cluster' | 'photo', things: readonly Named[], lead: (id: string) => void): Found[] {
  return things.map(({ id, name }) => ({
    id: `${kind} ${id}`,
    label: name,
    note: kind,
    why: null,
    run: () => lead(id),
  }));
}

/** The best of all entries for a text: what fits better first, what can be done before what cannot, else as given. */
export function search(entries: readonly Found[], text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries
    .map((entry, at) => ({ entry, at, fits: fit(entry.label, words) }))
    .filter((e) => e.fits >= 0)
    .sort((a, b) => Number(a.entry.why !== null) - Number(b.entry.why !== null) || b.fits - a.fits || a.at - b.at)
    .slice(0, SHOWN)
    .map((e) => e.entry);
}
