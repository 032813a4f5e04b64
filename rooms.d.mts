export interface Layer {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}
export const ROOMS: readonly string[];
export const FLOORS: readonly (readonly [string, string])[];
export const LAYERS: readonly Layer[];
export const TYPES_ONLY: readonly (readonly [string, string])[];
export const PACKAGES: readonly {
  readonly name: string;
  readonly packages: readonly string[];
  readonly from: string;
  readonly why: string;
}[];
export function refusal(from: string, to: string): Layer | undefined;
