/**
 * Operators that were recorded as one function of TensorFlow's, in the file that its library loads (SavedModel; graph.proto, function.proto
 * and config.proto have the fields).
 */
import protobuf from 'protobufjs';
import type { Attribute, Binding, Made } from './binding.ts';
import { OUTPUT_NAMES } from './output-names.ts';
import type { RecordedConstant, RecordedOperator } from './recorded.ts';

const PROTO = `
syntax = "proto3";
package tf;
message Dim { int64 size = 1; }
message TensorShape { repeated Dim dim = 2; }
message Tensor { int32 dtype = 1; TensorShape tensor_shape = 2; bytes tensor_content = 4; }
message Named { string name = 1; }
message ListValue { repeated int64 i = 3; repeated int32 type = 6; }
message AttrValue {
  oneof value {
    ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; TensorShape shape = 7;
    Tensor tensor = 8; Named func = 10;
  }
}
message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
message ArgDef { string name = 1; int32 type = 3; }
message OpDef { string name = 1; repeated ArgDef input_arg = 2; repeated ArgDef output_arg = 3; }
message FunctionDef {
  OpDef signature = 1; repeated NodeDef node_def = 3; map<string, string> ret = 4; map<string, AttrValue> attr = 5;
}
message Library { repeated FunctionDef function = 1; }
message Versions { int32 producer = 1; }
message GraphDef { repeated NodeDef node = 1; Library library = 2; Versions versions = 4; }
message MetaInfo { repeated string tags = 4; }
message MetaGraph { MetaInfo meta_info_def = 1; GraphDef graph_def = 2; }
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }
message Rewriter { bool disable_meta_optimizer = 19; }
message GraphOptions { Rewriter rewrite_options = 10; }
message Config { GraphOptions graph_options = 10; }
`;

const { root } = protobuf.parse(PROTO, { keepCase: true });
const SavedModel = root.lookupType('tf.SavedModel');
const Config = root.lookupType('tf.Config');

/** Of TensorFlow 2.9, which is the oldest that its package for Node brings. */
const PRODUCER = 1087;
export const TAG = 'covis';
const CALL = 'call';
const NAME = 'recorded';
/**
 * Calls of it are not undone, which would make its operators the graph's; and it is left out where TensorFlow optimises the functions of a file
 * that is loaded, as those of its data pipelines are. What a call's own configuration says is heard later.
 */
const UNTOUCHED = { _noinline: { b: true }, _tf_data_function: { b: true } };

export interface FunctionParts {
  /** Tensors that come with every call. */
  readonly given: readonly Made[];
  /** In the order in which they ran. */
  readonly operators: readonly RecordedOperator[];
  readonly constants: ReadonlyMap<number, RecordedConstant>;
  readonly results: readonly Made[];
}

/** What a loaded function is called with, as the binding takes it. */
export interface CallNames {
  readonly inputs: string;
  readonly outputs: string;
}

/**
 * @returns the file `saved_model.pb`, or undefined where an operator cannot be written.
 * No optimisation of TensorFlow's is asked for: its memory pass ends the process for depthwise convolutions that the pass before fused (2.21), and
 * a function of which nothing is fused computes as its operators do one by one.
 */
export function functionFile(binding: Binding, parts: FunctionParts): Uint8Array | undefined {
  const names = new Map<number, string>();
  for (const [i, { id }] of parts.given.entries()) names.set(id, `g${i}`);
  const nodes: Record<string, unknown>[] = [];
  for (const [i, { op, outputs }] of parts.operators.entries()) {
    const named = OUTPUT_NAMES[op];
    if (named === undefined) return undefined;
    for (const [k, { id }] of outputs.entries()) names.set(id, `n${i}:${named}:${k}`);
  }
  const nameOf = (id: number): string | undefined => {
    const known = names.get(id);
    const constant = parts.constants.get(id);
    if (known !== undefined || constant === undefined) return known;
    const node = constantNode(binding, `c${id}`, constant);
    if (node === undefined) return undefined;
    nodes.push(node);
    names.set(id, `c${id}:output:0`);
    return names.get(id);
  };
  for (const [i, { op, attributes, inputs }] of parts.operators.entries()) {
    const input = inputs.map(nameOf);
    const attr = attributes.map((a) => [a.name, attributeValue(binding, a)] as const);
    if (input.includes(undefined) || attr.some(([, value]) => value === undefined)) return undefined;
    nodes.push({ name: `n${i}`, op, input, attr: Object.fromEntries(attr) });
  }
  const ret = parts.results.map(({ id }, k) => [`r${k}`, nameOf(id)] as const);
  if (ret.some(([, name]) => name === undefined)) return undefined;
  const args = (letter: string, tensors: readonly Made[]): unknown[] =>
    tensors.map(({ dtype }, k) => ({ name: `${letter}${k}`, type: dtype }));
  const function_ = {
    signature: { name: NAME, input_arg: args('g', parts.given), output_arg: args('r', parts.results) },
    node_def: nodes,
    ret: Object.fromEntries(ret),
    attr: UNTOUCHED,
  };
  const config = Config.encode({ graph_options: { rewrite_options: { disable_meta_optimizer: true } } }).finish();
  const call = {
    name: CALL,
    op: 'PartitionedCall',
    input: parts.given.map((_, k) => `g${k}`),
    attr: {
      Tin: { list: { type: parts.given.map((t) => t.dtype) } },
      Tout: { list: { type: parts.results.map((t) => t.dtype) } },
      f: { func: { name: NAME } },
      config_proto: { s: config },
    },
  };
  const placeholders = parts.given.map(({ shape, dtype }, k) => ({
    name: `g${k}`,
    op: 'Placeholder',
    attr: { dtype: { type: dtype }, shape: { shape: shapeOf(shape) } },
  }));
  const graph_def = {
    node: [...placeholders, call],
    library: { function: [function_] },
    versions: { producer: PRODUCER },
  };
  const model = { saved_model_schema_version: 1, meta_graphs: [{ meta_info_def: { tags: [TAG] }, graph_def }] };
  return SavedModel.encode(SavedModel.fromObject(model)).finish();
}

/** By which a function of so many tensors and results is called. */
export function callNames(given: number, results: number): CallNames {
  const each = (count: number, name: (k: number) => string): string =>
    Array.from({ length: count }, (_, k) => name(k)).join();
  return { inputs: each(given, (k) => `g${k}:0`), outputs: each(results, (k) => `${CALL}:${k}`) };
}

function shapeOf(shape: readonly number[]): unknown {
  return { dim: shape.map((size) => ({ size })) };
}

function constantNode(
  binding: Binding,
  name: string,
  { shape, dtype, values }: RecordedConstant,
): Record<string, unknown> | undefined {
  const size = { [binding.TF_FLOAT]: 4, [binding.TF_INT32]: 4, [binding.TF_BOOL]: 1 }[dtype];
  if (size !== values.BYTES_PER_ELEMENT || values.length !== shape.reduce((a, b) => a * b, 1)) return undefined;
  const tensor_content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const tensor = { dtype, tensor_shape: shapeOf(shape), tensor_content };
  return { name, op: 'Const', attr: { dtype: { type: dtype }, value: { tensor } } };
}

/** Undefined for kinds that no operator of a network has. */
function attributeValue(binding: Binding, { type, value }: Attribute): unknown {
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return typeof value === 'number' ? { type: value } : undefined;
    case binding.TF_ATTR_STRING:
      return typeof value === 'string' ? { s: Buffer.from(value) } : undefined;
    case binding.TF_ATTR_BOOL:
      return { b: Boolean(value) };
    case binding.TF_ATTR_FLOAT:
      return typeof value === 'number' ? { f: value } : undefined;
    case binding.TF_ATTR_INT:
      if (typeof value === 'number') return { i: value };
      return Array.isArray(value) ? { list: { i: value as readonly number[] } } : undefined;
    case binding.TF_ATTR_SHAPE:
      return Array.isArray(value) ? { shape: shapeOf(value as readonly number[]) } : undefined;
    default:
      return undefined;
  }
}
