/** A value of a MATLAB file. Numeric arrays are column-major as MATLAB keeps them. */
export type MatValue = MatNumbers | MatText | MatCell | MatStruct;
export interface MatNumbers {
  readonly kind: 'numbers';
  readonly dims: readonly number[];
  readonly data: Float64Array | Float32Array;
}
export interface MatText {
  readonly kind: 'text';
  readonly text: string;
}
export interface MatCell {
  readonly kind: 'cell';
  readonly dims: readonly number[];
  readonly items: readonly MatValue[];
}
/** A struct array: one record an element. */
export interface MatStruct {
  readonly kind: 'struct';
  readonly dims: readonly number[];
  readonly items: readonly ReadonlyMap<string, MatValue>[];
}
