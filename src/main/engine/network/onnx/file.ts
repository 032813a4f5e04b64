import { CovisError } from '../../../../shared/errors.ts';
import type { ExternalData } from './external.ts';
import {
  floatTensor,
  int64Tensor,
  OPSET,
  type Attribute,
  type Graph,
  type OnnxNode,
  type Tensor,
  type ValueInfo,
} from './graph.ts';
import { raised } from './newer.ts';
import { ModelProto } from './schema.ts';
import { FLOAT, INT64, readTensor, writeTensor, type RawTensor } from './tensors.ts';

const IR_VERSION = 8;
/** Operator sets after 17 came with newer versions of the format. */
const NEWER_IR_VERSION = 10;

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
    sparse_initializer?: unknown[];
    input?: RawValueInfo[];
    output?: RawValueInfo[];
  };
}

/** A graph as it stood in the file, with the operator set it was written for. */
export interface ParsedModel {
  readonly graph: Graph;
  readonly opset: number;
  /** What Covis cannot carry of a node, by its first output, as in "a graph of its own". */
  readonly unread?: ReadonlyMap<string, string>;
}

/**
 * Parses an ONNX file. `Constant` nodes become initializers.
 * @param external reads weights that lie beside the file; they are refused if not given.
 * @throws CovisError `INPUT_CORRUPT` for bytes that are no ONNX, `INPUT_UNSUPPORTED` for foreign operator domains,
 * tensors stored outside the file, or element types that networks here do not use.
 */
export function parseOnnx(bytes: Uint8Array, file: string, external?: ExternalData): ParsedModel {
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
  for (const t of source.initializer ?? []) initializers.set(t.name ?? '', readTensor(t, file, external));
  if ((source.sparse_initializer ?? []).length > 0)
    throw new CovisError('INPUT_UNSUPPORTED', 'This network holds sparse weights, which cannot be read', {
      file,
      hint: 'Export it with dense ones.',
    });
  const nodes: OnnxNode[] = [];
  const unread = new Map<string, string>();
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
      const value = readAttribute(a, file, external);
      if (value !== undefined) attributes[a.name ?? ''] = value;
      else if (UNREAD[a.type ?? 0] !== undefined) unread.set(n.output?.[0] ?? '', UNREAD[a.type ?? 0]!);
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
    unread,
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

/** Kinds of attributes that are not carried. */
const UNREAD: Readonly<Record<number, string>> = {
  5: 'a graph of its own',
  8: 'texts',
  9: 'a list of tensors',
  10: 'graphs of its own',
  11: 'a sparse tensor',
  12: 'sparse tensors',
};

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
  const element = t?.elem_type;
  const odd = element !== undefined && element !== 0 && element !== FLOAT && element !== INT64;
  return {
    name: v.name ?? '',
    type: element === INT64 ? 'int64' : 'float',
    dims,
    ...(odd ? { element } : {}),
  };
}

function readAttribute(a: RawAttribute, file: string, external?: ExternalData): Attribute | undefined {
  switch (a.type) {
    case 1:
      return { kind: 'float', value: a.f ?? 0 };
    case 2:
      return { kind: 'int', value: Number(a.i ?? 0) };
    case 3:
      return { kind: 'string', value: Buffer.from(a.s ?? []).toString('utf8') };
    case 4:
      return a.t == null ? undefined : { kind: 'tensor', value: readTensor(a.t, file, external) };
    case 6:
      return { kind: 'floats', value: a.floats ?? [] };
    case 7:
      return { kind: 'ints', value: (a.ints ?? []).map(Number) };
    default:
      return undefined;
  }
}

/** Serialises a graph as an ONNX file of operator set {@link OPSET}, or the newer one that it needs. The same graph gives the same bytes. */
export function encodeOnnx(given: Graph): Uint8Array {
  const graph = raised(given);
  const version = graph.opset ?? OPSET;
  const message = ModelProto.create({
    ir_version: version > OPSET ? NEWER_IR_VERSION : IR_VERSION,
    producer_name: 'covis',
    opset_import: [{ domain: '', version }, ...foreignDomains(graph).map((domain) => ({ domain, version: 1 }))],
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
        elem_type: v.element ?? (v.type === 'int64' ? INT64 : FLOAT),
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
