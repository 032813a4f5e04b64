import { withCalls, type Attribute, type Backend, type Made, type Values } from './binding.ts';

/** One operator that TensorFlow ran. */
export interface RecordedOperator {
  readonly op: string;
  readonly attributes: readonly Attribute[];
  /** Tensors by their numbers. */
  readonly inputs: readonly number[];
  readonly outputs: readonly Made[];
}

/** A tensor that was made of numbers on the way: sizes, axes, constants. */
export interface RecordedConstant {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: Values;
}

export interface Recording {
  readonly operators: readonly RecordedOperator[];
  /** By the tensor's number. */
  readonly constants: ReadonlyMap<number, RecordedConstant>;
  /** A value was looked at, on which what followed may depend. */
  readonly read: boolean;
}

/** Runs something and writes down which operators TensorFlow ran for it. */
export function recorded<T>(backend: Backend, run: () => T): { readonly value: T; readonly recording: Recording } {
  const operators: RecordedOperator[] = [];
  const constants = new Map<number, RecordedConstant>();
  let read = false;
  const value = withCalls(
    backend,
    (own) => ({
      createTensor: (shape, dtype, values) => {
        const id = own.createTensor(shape, dtype, values);
        constants.set(id, { shape: [...shape], dtype, values: values.slice() });
        return id;
      },
      tensorDataSync: (id) => {
        read = true;
        return own.tensorDataSync(id);
      },
      executeOp: (op, attributes, inputs, count) => {
        const outputs = own.executeOp(op, attributes, inputs, count);
        // What is given is changed afterwards by those who gave it.
        operators.push({ op, attributes: attributes.map((a) => ({ ...a })), inputs: [...inputs], outputs });
        return outputs;
      },
    }),
    run,
  );
  return { value, recording: { operators, constants, read } };
}
