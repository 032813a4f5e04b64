/** Keras networks as TensorFlow.js stores them (model.json and shards of weights), as ONNX graphs. */
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { parseJson } from '../formats/json-text.ts';
import { float, floatTensor, GraphBuilder, int, ints, string, type Graph } from './onnx/graph.ts';
import { normalise, prune } from './onnx/normalise.ts';

const layerSchema = z.object({
  class_name: z.string(),
  config: z.looseObject({ name: z.string() }),
  inbound_nodes: z.array(z.array(z.tuple([z.string(), z.number(), z.number()]).rest(z.unknown()))),
});
type Layer = z.infer<typeof layerSchema>;

const modelSchema = z.object({
  modelTopology: z.object({ model_config: z.object({ config: z.object({ layers: z.array(layerSchema) }) }) }),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(z.object({ name: z.string(), shape: z.array(z.int().min(0)), dtype: z.string() })),
    }),
  ),
});

interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const pair = z.tuple([z.int().min(0), z.int().min(0)]);
const same = z.enum(['same', 'valid']);

/** Files that a model.json names, in their order. @throws CovisError `INPUT_CORRUPT` for what is no such model. */
export function shardsOf(json: string, file: string): string[] {
  return read(json, file).weightsManifest.flatMap((g) => g.paths);
}

function read(json: string, file: string): z.infer<typeof modelSchema> {
  const damaged = 'This is no Keras network of TensorFlow.js';
  const parsed = modelSchema.safeParse(parseJson(json, { file }, damaged));
  if (!parsed.success) throw new CovisError('INPUT_CORRUPT', damaged, { file, cause: parsed.error });
  return parsed.data;
}

/**
 * The network up to and with a layer, [N, 3, H, W] in and that layer's map out, normalised: batch normalisation is folded.
 * @param shards the bytes of each file that {@link shardsOf} names.
 * @throws CovisError `INPUT_CORRUPT` where weights are missing, `INPUT_UNSUPPORTED` for a kind of layer that is not known.
 */
export function readKeras(json: string, shards: readonly Uint8Array[], layer: string, file: string): Graph {
  const model = read(json, file);
  const layers = new Map(model.modelTopology.model_config.config.layers.map((l) => [l.config.name, l]));
  const graph: Graph = {
    name: 'keras',
    inputs: [],
    outputs: [{ name: layer, type: 'float', dims: [] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const convert = new Converter(graph, weightsOf(model, shards, file), file);
  for (const l of needed(layers, layer, file)) convert.add(l);
  return prune(normalise({ graph, opset: 17 }, file), [layer]);
}

/** The layers that lead to one, each behind those that it needs. */
function needed(layers: ReadonlyMap<string, Layer>, last: string, file: string): Layer[] {
  const order: Layer[] = [];
  const seen = new Set<string>();
  // Without recursion: networks are deep.
  const stack: { readonly name: string; readonly done: boolean }[] = [{ name: last, done: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const layer = layers.get(top.name);
    if (layer === undefined) throw new CovisError('INPUT_CORRUPT', `The network has no layer ${top.name}`, { file });
    if (top.done) order.push(layer);
    else if (!seen.has(top.name)) {
      seen.add(top.name);
      stack.push({ name: top.name, done: true });
      for (const [name] of layer.inbound_nodes[0] ?? []) stack.push({ name, done: false });
    }
  }
  return order;
}

function weightsOf(
  { weightsManifest }: z.infer<typeof modelSchema>,
  shards: readonly Uint8Array[],
  file: string,
): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  let next = 0;
  for (const { paths, weights: list } of weightsManifest) {
    const bytes = Buffer.concat(shards.slice(next, (next += paths.length)));
    let at = 0;
    for (const { name, shape, dtype } of list) {
      if (dtype !== 'float32')
        throw new CovisError('INPUT_UNSUPPORTED', `The weights ${name} are ${dtype}, not float32`, { file });
      const count = shape.reduce((a, b) => a * b, 1);
      if (at + 4 * count > bytes.length)
        throw new CovisError('INPUT_CORRUPT', `The files of weights end before ${name}`, { file });
      const data = new Float32Array(count);
      for (let i = 0; i < count; i += 1) data[i] = bytes.readFloatLE(at + 4 * i);
      weights.set(name, { shape, data });
      at += 4 * count;
    }
  }
  return weights;
}

/** Layers as nodes, channels second. */
class Converter {
  readonly #b: GraphBuilder;
  readonly #weights: ReadonlyMap<string, Weight>;
  readonly #file: string;

  constructor(graph: Graph, weights: ReadonlyMap<string, Weight>, file: string) {
    this.#b = new GraphBuilder(graph, 'keras');
    this.#weights = weights;
    this.#file = file;
  }

  add({ class_name: kind, config, inbound_nodes: inbound }: Layer): void {
    const name = config.name;
    const from = (inbound[0] ?? []).map(([n]) => n);
    const x = from[0] ?? '';
    switch (kind) {
      case 'InputLayer':
        this.#b.graph.inputs.push({ name, type: 'float', dims: ['N', 3, 'H', 'W'] });
        return;
      case 'ZeroPadding2D': {
        const [[top, bottom], [left, right]] = this.#value(config, 'padding', z.tuple([pair, pair]));
        const pads = this.#b.int64s([0, 0, top, left, 0, 0, bottom, right]);
        this.#b.op('Pad', [x, pads, this.#b.scalar(0)], { mode: string('constant') }, name);
        return;
      }
      case 'Conv2D':
      case 'DepthwiseConv2D':
        return this.#convolution(name, x, config, kind === 'DepthwiseConv2D');
      case 'BatchNormalization': {
        const parts = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((p) => {
          const { shape, data } = this.#weight(`${name}/${p}`);
          return this.#constant(`${name}/${p}`, shape, data);
        });
        const epsilon = this.#value(config, 'epsilon', z.number().min(0));
        this.#b.op('BatchNormalization', [x, ...parts], { epsilon: float(epsilon) }, name);
        return;
      }
      case 'Activation':
        return this.#activation(name, x, this.#value(config, 'activation', z.string()));
      case 'ReLU':
        return this.#activation(
          name,
          x,
          config['max_value'] === 6 ? 'relu6' : config['max_value'] == null ? 'relu' : '',
        );
      case 'Add':
        this.#b.op('Add', from, {}, name);
        return;
      case 'MaxPooling2D': {
        const attributes = {
          kernel_shape: ints(this.#value(config, 'pool_size', pair)),
          strides: ints(this.#value(config, 'strides', pair)),
          auto_pad: string(this.#value(config, 'padding', same) === 'same' ? 'SAME_UPPER' : 'VALID'),
        };
        this.#b.op('MaxPool', [x], attributes, name);
        return;
      }
      default:
        throw this.#unknown(`${kind} ${name}`);
    }
  }

  #convolution(name: string, x: string, config: Layer['config'], depthwise: boolean): void {
    const { shape, data } = this.#weight(`${name}/${depthwise ? 'depthwise_kernel' : 'kernel'}`);
    const [kh = 0, kw = 0, a = 0, m = 0] = shape;
    // A multiplier would interleave the channels of each input.
    if (depthwise && m !== 1) throw this.#unknown(`DepthwiseConv2D ${name} with ${m} maps a channel`);
    const dims = depthwise ? [a, 1, kh, kw] : [m, a, kh, kw];
    const kernel = this.#constant(`${name}/kernel`, dims, toOnnx(data, kh * kw, a, m));
    const bias =
      config['use_bias'] === true
        ? [this.#constant(`${name}/bias`, [dims[0]!], this.#weight(`${name}/bias`).data)]
        : [];
    const linear = z
      .string()
      .default('linear')
      .parse(config['activation'] ?? undefined);
    const value = linear === 'linear' ? name : `${name}/convolved`;
    this.#b.op(
      'Conv',
      [x, kernel, ...bias],
      {
        kernel_shape: ints([kh, kw]),
        strides: ints(this.#value(config, 'strides', pair)),
        dilations: ints(this.#value(config, 'dilation_rate', pair)),
        group: int(depthwise ? a : 1),
        auto_pad: string(this.#value(config, 'padding', same) === 'same' ? 'SAME_UPPER' : 'VALID'),
      },
      value,
    );
    if (value !== name) this.#activation(name, value, linear);
  }

  #activation(name: string, x: string, kind: string): void {
    if (kind === 'relu') this.#b.op('Relu', [x], {}, name);
    else if (kind === 'relu6') this.#b.op('Clip', [x, this.#b.scalar(0), this.#b.scalar(6)], {}, name);
    else throw this.#unknown(`activation of ${name}`);
  }

  #constant(name: string, dims: readonly number[], data: Float32Array): string {
    this.#b.graph.initializers.set(name, floatTensor(dims, data));
    return name;
  }

  #weight(name: string): Weight {
    const weight = this.#weights.get(name);
    if (weight === undefined)
      throw new CovisError('INPUT_CORRUPT', `The network has no weights ${name}`, { file: this.#file });
    return weight;
  }

  #value<T>(config: Layer['config'], key: string, schema: z.ZodType<T>): T {
    const parsed = schema.safeParse(config[key]);
    if (!parsed.success) throw this.#unknown(`${key} of ${config.name}`);
    return parsed.data;
  }

  #unknown(what: string): CovisError {
    return new CovisError('INPUT_UNSUPPORTED', `This Keras network has a layer that is not known: ${what}`, {
      file: this.#file,
      hint: 'Export the network as ONNX instead.',
    });
  }
}

/** [positions, inputs, outputs] to [outputs, inputs, positions]; a depthwise kernel has one output a channel, so that the same holds. */
function toOnnx(data: Float32Array, positions: number, inputs: number, outputs: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let p = 0; p < positions; p += 1)
    for (let i = 0; i < inputs; i += 1)
      for (let o = 0; o < outputs; o += 1)
        out[(o * inputs + i) * positions + p] = data[(p * inputs + i) * outputs + o]!;
  return out;
}
