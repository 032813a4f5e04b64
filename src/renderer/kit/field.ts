import { inject, type ComputedRef, type InjectionKey } from 'vue';

/** What a field tells the input that stands in it. */
export interface FieldContext {
  readonly id: string;
  /** The id of its label, for what is no labelable element. */
  readonly labelId: string;
  readonly describedBy: ComputedRef<string | undefined>;
  readonly invalid: ComputedRef<boolean>;
}

export const FIELD: InjectionKey<FieldContext> = Symbol('field');

/** The field around an input; undefined where there is none. */
export function useField(): FieldContext | undefined {
  return inject(FIELD, undefined);
}
