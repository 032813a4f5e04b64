import { inject, type InjectionKey } from 'vue';
import type { ChoicePurpose } from '../../shared/facts/desktop.ts';

/** What lets a person choose a folder or a file, and what is known of those that were chosen: the app's. */
export interface FieldPlaces {
  /** @returns the id of what was chosen; null where that was left. */
  readonly choose: (purpose: ChoicePurpose) => Promise<string | null>;
  /** Where it lies and what it looks like, for people; undefined for an id that nobody chose. */
  readonly of: (id: string) => { readonly path: string; readonly looks: string } | undefined;
}

export const FIELD_PLACES: InjectionKey<FieldPlaces> = Symbol('places of fields');

/** @throws where the app lets nobody choose. */
export function useFieldPlaces(): FieldPlaces {
  const places = inject(FIELD_PLACES, undefined);
  if (places === undefined) throw new Error('This form has folders to choose, and nothing that chooses them');
  return places;
}
