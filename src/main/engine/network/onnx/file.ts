import { CovisError } from '../../../../shared/errors.ts';
import {
  floatTensor,
  int64Tensor,
  OPSET,
  sizeOf,
  type Attribute,
  type Graph,
  type OnnxNode,
  type Tensor,
  type ValueInfo,
} from './graph.ts';
import { ModelProto } from './schema.ts';

const FLOAT = 1;
const UINT8 = 2;
const INT32 = 6;
const INT64 = 7;
const BOOL = 9;
const DOUBLE = 11;
const IR_VERSION = 8;

interface RawTensor {
  dims?: unknown[];
  data_type?: number;
  float_data?: number[];
  int32_data?: number[];
  int64_data?: unknown[];
  double_data?: number[];
  raw_data?: Uint8Array;
  name?: string;
  data_location?: number;
}
interface RawAttribute {
  name?: string;
  type?: number;
  f?: number;
  i?: unknown;
  s?: Uint8Array;
  t?: RawTensor;
  floats?: number[];
  ints?: unknown[];
}
interface RawValueInfo {
  name?: string;
  type?: { tensor_type?: { elem_type?: number; shape?: { dim?: { dim_value?: unknown; dim_param?: string }[] } } };
}
interface RawModel {
  opset_import?: { domain?: string; version?: unknown }[];
  metadata_props?: { key?: string; value?: string }[];
  graph?: {
    name?: string;
    node?: {
      input?: string[];
      output?: string[];
      name?: string;
      op_type?: string;
      domain?: string;
      attribute?: RawAttribute[];
    }[];
    initializer?: RawTensor[];
    input?: RawValueInfo[];
    output?: RawValueInfo[];
  };
}

/** A graph as it stood in the file, with the operator set it was written for. */
export interface ParsedModel {
  readonly graph: Graph;
  readonly opset: number;
}

/**
 * Parses an ONNX file. `Constant` nodes become initializers.
 * @throws CovisError `INPUT_CORRUPT` for bytes that are no ONNX, `INPUT_UNSUPPORTED` for foreign operator domains,
 * tensors stored outside the file, or element types that networks here do not use.
 */
export function parseOnnx(bytes: Uint8Array, file: string): ParsedModel {
  let raw: RawModel;
  try {
    raw = ModelProto.decode(bytes) as unknown as RawModel;
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'This is not an ONNX file, or it is cut short', { file, cause });
  }
  const source = raw.graph;
  if (bytes.length === 0) throw new CovisError('INPUT_CORRUPT', 'This is not an ONNX file: it is empty', { file });
  if (source == null || (source.node ?? []).length === 0) {
    throw new CovisError('INPUT_CORRUPT', 'This file holds no ONNX graph', { file });
  }
  const opset = Number(raw.opset_import?.find((o) => (o.domain ?? '') === '' || o.domain === 'ai.onnx')?.version ?? 0);
  const initializers = new Map<string, Tensor>();
  for (const t of source.initializer ?? []) initializers.set(t.name ?? '', readTensor(t, file));
  const nodes: OnnxNode[] = [];
  (source.node ?? []).forEach((n, index) => {
    const name = n.name || `${n.op_type}_${index}`;
    if ((n.domain ?? '') !== '' && n.domain !== 'ai.onnx') {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `Node ${name} is of the operator domain ${n.domain}, only standard ONNX can be read`,
        { file },
      );
    }
    if ((n.op_type ?? '') === '') throw new CovisError('INPUT_CORRUPT', `Node ${name} has no operator`, { file });
    const attributes: Record<string, Attribute> = {};
    for (const a of n.attribute ?? []) {
      const value = readAttribute(a, file);
      if (value !== undefined) attributes[a.name ?? ''] = value;
    }
    const constant = n.op_type === 'Constant' ? constantOf(attributes) : undefined;
    if (constant !== undefined) {
      initializers.set(n.output?.[0] ?? '', constant);
      return;
    }
    nodes.push({ op: n.op_type ?? '', name, inputs: n.input ?? [], outputs: n.output ?? [], attributes });
  });
  const metadata = new Map((raw.metadata_props ?? []).map((p) => [p.key ?? '', p.value ?? '']));
  return {
    opset,
    graph: {
      name: source.name ?? '',
      nodes,
      initializers,
      inputs: (source.input ?? []).filter((v) => !initializers.has(v.name ?? '')).map(readValueInfo),
      outputs: (source.output ?? []).map(readValueInfo),
      metadata,
    },
  };
}

/** The value of a `Constant`, in any of the forms that hold numbers. */
function constantOf(attributes: Readonly<Record<string, Attribute>>): Tensor | undefined {
  const a =
    attributes['value'] ??
    attributes['value_ints'] ??
    attributes['value_int'] ??
    attributes['value_floats'] ??
    attributes['value_float'];
  switch (a?.kind) {
    case 'tensor':
      return a.value;
    case 'ints':
      return int64Tensor([a.value.length], a.value);
    case 'int':
      return int64Tensor([], [a.value]);
    case 'floats':
      return floatTensor([a.value.length], a.value);
    case 'float':
      return floatTensor([], [a.value]);
    default:
      return undefined;
  }
}

function readValueInfo(v: RawValueInfo): ValueInfo {
  const t = v.type?.tensor_type;
  const dims = (t?.shape?.dim ?? []).map((d, i) => {
    const fixed = Number(d.dim_value ?? 0);
    return fixed > 0 ? fixed : d.dim_param || `dim_${i}`;
  });
  return { name: v.name ?? '', type: t?.elem_type === INT64 ? 'int64' : 'float', dims };
}

function readAttribute(a: RawAttribute, file: string): Attribute | undefined {
  switch (a.type) {
    case 1:
      return { kind: 'float', value: a.f ?? 0 };
    case 2:
      return { kind: 'int', value: Number(a.i ?? 0) };
    case 3:
      return { kind: 'string', value: Buffer.from(a.s ?? []).toString('utf8') };
    case 4:
      return a.t == null ? undefined : { kind: 'tensor', value: readTensor(a.t, file) };
    case 6:
      return { kind: 'floats', value: a.floats ?? [] };
    case 7:
      return { kind: 'ints', value: (a.ints ?? []).map(Number) };
    default:
      return undefined;
  }
}

function readTensor(t: RawTensor, file: string): Tensor {
  const dims = (t.dims ?? []).map(Number);
  const count = sizeOf(dims);
  const name = t.name ?? '';
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0))
    throw new CovisError('INPUT_CORRUPT', `Tensor ${name} has the impossible shape [${dims.join(', ')}]`, { file });
  if (t.data_location === 1) {
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Tensor ${name} is stored in another file; save the network as one file`,
      { file },
    );
  }
  const raw = t.raw_data !== undefined && t.raw_data.length > 0 ? t.raw_data : undefined;
  const data = raw === undefined ? typedValues(t) : rawValues(t.data_type ?? 0, raw);
  if (data === undefined) {
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Tensor ${name} has element type ${t.data_type}; float, double, int32, int64 and bool can be read`,
      { file },
    );
  }
  if (data.length !== count) {
    throw new CovisError(
      'INPUT_CORRUPT',
      `Tensor ${name} has ${data.length} values where its shape [${dims.join(', ')}] needs ${count}`,
      { file },
    );
  }
  return { dims, data };
}

function typedValues(t: RawTensor): Tensor['data'] | undefined {
  switch (t.data_type) {
    case FLOAT:
      return Float32Array.from(t.float_data ?? []);
    case DOUBLE:
      return Float32Array.from(t.double_data ?? []);
    case INT64:
      return BigInt64Array.from((t.int64_data ?? []).map((v) => BigInt(String(v))));
    case INT32:
      return Int32Array.from(t.int32_data ?? []);
    case BOOL:
    case UINT8:
      return Uint8Array.from(t.int32_data ?? []);
    default:
      return undefined;
  }
}

function rawValues(type: number, raw: Uint8Array): Tensor['data'] | undefined {
  const bytes = new Uint8Array(raw).buffer;
  const whole = (size: number): ArrayBuffer => bytes.slice(0, bytes.byteLength - (bytes.byteLength % size));
  switch (type) {
    case FLOAT:
      return new Float32Array(whole(4));
    case DOUBLE:
      return Float32Array.from(new Float64Array(whole(8)));
    case INT64:
      return new BigInt64Array(whole(8));
    case INT32:
      return new Int32Array(whole(4));
    case BOOL:
    case UINT8:
      return new Uint8Array(bytes);
    default:
      return undefined;
  }
}

/** Serialises a graph as an ONNX file of operator set {@link OPSET}. The same graph gives the same bytes. */
export function encodeOnnx(graph: Graph): Uint8Array {
  const message = ModelProto.create({
    ir_version: IR_VERSION,
    producer_name: 'covis',
    opset_import: [{ domain: '', version: OPSET }, ...foreignDomains(graph).map((domain) => ({ domain, version: 1 }))],
    metadata_props: [...graph.metadata].map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name || 'network',
      node: graph.nodes.map((n) => ({
        op_type: n.op,
        domain: n.domain ?? '',
        name: n.name,
        input: n.inputs,
        output: n.outputs,
        attribute: Object.entries(n.attributes).map(([name, a]) => writeAttribute(name, a)),
      })),
      initializer: [...graph.initializers].map(([name, t]) => writeTensor(name, t)),
      input: graph.inputs.map(writeValueInfo),
      output: graph.outputs.map(writeValueInfo),
    },
  });
  return ModelProto.encode(message).finish();
}

function foreignDomains(graph: Graph): string[] {
  return [...new Set(graph.nodes.flatMap((n) => (n.domain === undefined ? [] : [n.domain])))].sort();
}

function writeValueInfo(v: ValueInfo): object {
  return {
    name: v.name,
    type: {
      tensor_type: {
        elem_type: v.type === 'int64' ? INT64 : FLOAT,
        shape: { dim: v.dims.map((d) => (typeof d === 'number' ? { dim_value: d } : { dim_param: d })) },
      },
    },
  };
}

function writeAttribute(name: string, a: Attribute): object {
  switch (a.kind) {
    case 'float':
      return { name, type: 1, f: a.value };
    case 'int':
      return { name, type: 2, i: a.value };
    case 'string':
      return { name, type: 3, s: new TextEncoder().encode(a.value) };
    case 'tensor':
      return { name, type: 4, t: writeTensor('', a.value) };
    case 'floats':
      return { name, type: 6, floats: a.value };
    case 'ints':
      return { name, type: 7, ints: a.value };
  }
}

function writeTensor(name: string, t: Tensor): object {
  const type =
    t.data instanceof Float32Array
      ? FLOAT
      : t.data instanceof BigInt64Array
        ? INT64
        : t.data instanceof Int32Array
          ? INT32
          : BOOL;
  return {
    name,
    dims: t.dims,
    data_type: type,
    raw_data: new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength),
  };
}
