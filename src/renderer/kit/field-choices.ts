import { inject, type InjectionKey } from 'vue';
import type { KitOption } from './types.ts';

/** What a field may be, by the kind of value that its schema names (`meta.value`): known to the app, not to the schema. */
export type FieldChoices = Readonly<Record<string, () => readonly KitOption<string>[]>>;

export const FIELD_CHOICES: InjectionKey<FieldChoices> = Symbol('choices of fields');

/** The choices for fields whose schema cannot list them: none where the app gives none. */
export function useFieldChoices(): FieldChoices {
  return inject(FIELD_CHOICES, {});
}
