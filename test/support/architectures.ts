import { floatTensor, GraphBuilder, float, int, ints, type Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { random } from '../../src/main/engine/library/random.ts';

/** Classifiers as PyTorch and the ONNX model zoo write them, with random weights and a fraction of the channels. */
class Classifier {
  readonly graph: Graph;
  readonly b: GraphBuilder;
  readonly #width: number;
  readonly #random = random(7);
  readonly #channels = new Map<string, number>([['data', 3]]);

  constructor(name: string, width: number) {
    this.#width = width;
    this.graph = {
      name,
      inputs: [{ name: 'data', type: 'float', dims: ['N', 3, 'H', 'W'] }],
      outputs: [],
      nodes: [],
      initializers: new Map(),
      metadata: new Map(),
    };
    this.b = new GraphBuilder(this.graph, name);
  }

  /** Channels of a layer that has `n` in the full network. */
  of(n: number): number {
    return Math.max(4, Math.round((n * this.#width) / 4) * 4);
  }

  channels(x: string): number {
    return this.#channels.get(x)!;
  }

  #normal(count: number, scale: number): Float32Array {
    const r = this.#random;
    return Float32Array.from(
      { length: count },
      () => scale * Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next()),
    );
  }

  keep(y: string, channels: number): string {
    this.#channels.set(y, channels);
    return y;
  }

  conv(
    x: string,
    out: number,
    kernel: number,
    o: { stride?: number; pad?: number; group?: number; bias?: boolean } = {},
  ): string {
    const group = o.group ?? 1;
    const each = this.channels(x) / group;
    const scale = Math.sqrt(2 / (each * kernel * kernel));
    const weight = this.b.constant(
      floatTensor([out, each, kernel, kernel], this.#normal(out * each * kernel * kernel, scale)),
      'weight',
    );
    const inputs = [x, weight];
    if (o.bias !== false) inputs.push(this.b.constant(floatTensor([out], this.#normal(out, 0.05)), 'bias'));
    const pad = o.pad ?? Math.floor(kernel / 2);
    const y = this.b.op('Conv', inputs, {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([o.stride ?? 1, o.stride ?? 1]),
      pads: ints([pad, pad, pad, pad]),
      group: int(group),
      dilations: ints([1, 1]),
    });
    return this.keep(y, out);
  }

  norm(x: string): string {
    const n = this.channels(x);
    const near = (middle: number): string =>
      this.b.constant(
        floatTensor(
          [n],
          this.#normal(n, 0.1).map((v) => middle + v),
        ),
        'bn',
      );
    const variance = this.b.constant(
      floatTensor(
        [n],
        this.#normal(n, 0.1).map((v) => 1 + Math.abs(v)),
      ),
      'bn',
    );
    return this.keep(
      this.b.op('BatchNormalization', [x, near(1), near(0), near(0), variance], { epsilon: float(1e-5) }),
      n,
    );
  }

  unary(op: string, x: string, attributes = {}): string {
    return this.keep(this.b.op(op, [x], attributes), this.channels(x));
  }

  relu(x: string): string {
    return this.unary('Relu', x);
  }

  relu6(x: string): string {
    return this.keep(this.b.op('Clip', [x, this.b.scalar(0), this.b.scalar(6)]), this.channels(x));
  }

  add(x: string, y: string): string {
    return this.keep(this.b.op('Add', [x, y]), this.channels(x));
  }

  maxPool(x: string, kernel: number, stride: number, pad = 0, more = {}): string {
    return this.unary('MaxPool', x, {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      ...more,
    });
  }

  concat(xs: string[]): string {
    return this.keep(
      this.b.op('Concat', xs, { axis: int(1) }),
      xs.reduce((n, x) => n + this.channels(x), 0),
    );
  }

  /** Global pooling, flattening, a layer of ten classes. */
  classify(x: string): Graph {
    const flat = this.b.op('Flatten', [this.b.op('GlobalAveragePool', [x])], { axis: int(1) });
    const n = this.channels(x);
    const weight = this.b.constant(floatTensor([10, n], this.#normal(10 * n, 0.1)), 'fc');
    return this.end(
      this.b.op('Gemm', [flat, weight, this.b.constant(floatTensor([10], new Float32Array(10)))], { transB: int(1) }),
    );
  }

  end(y: string): Graph {
    this.graph.outputs.push({ name: y, type: 'float', dims: ['N', 10] });
    return this.graph;
  }
}

/** An architecture, and the channels of its last feature map at that width. */
export interface Architecture {
  readonly graph: Graph;
  readonly dim: number;
}

function alexNet(width: number): Architecture {
  const c = new Classifier('alexnet', width);
  const lrn = (x: string): string =>
    c.unary('LRN', x, { size: int(5), alpha: float(1e-4), beta: float(0.75), bias: float(1) });
  let x = lrn(c.relu(c.conv('data', c.of(96), 11, { stride: 4, pad: 0 })));
  x = c.maxPool(x, 3, 2);
  x = lrn(c.relu(c.conv(x, c.of(256), 5, { group: 2 })));
  x = c.maxPool(x, 3, 2);
  x = c.relu(c.conv(x, c.of(384), 3));
  x = c.relu(c.conv(x, c.of(384), 3, { group: 2 }));
  x = c.relu(c.conv(x, c.of(256), 3, { group: 2 }));
  return { graph: c.classify(c.maxPool(x, 3, 2)), dim: c.channels(x) };
}

function vgg16(width: number): Architecture {
  const c = new Classifier('vgg16', width);
  let x = 'data';
  const last = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512];
  for (const n of last) x = n === 0 ? c.maxPool(x, 2, 2) : c.relu(c.conv(x, c.of(n), 3));
  return { graph: c.classify(c.maxPool(x, 2, 2)), dim: c.channels(x) };
}

export function resNet(blocks: readonly number[], bottleneck: boolean, width: number): Architecture {
  const c = new Classifier(`resnet${blocks.join('_')}`, width);
  let x = c.relu(c.norm(c.conv('data', c.of(64), 7, { stride: 2, pad: 3, bias: false })));
  x = c.maxPool(x, 3, 2, 1);
  blocks.forEach((count, stage) => {
    const inner = c.of(64 * 2 ** stage);
    const outer = bottleneck ? 4 * inner : inner;
    for (let k = 0; k < count; k += 1) {
      const stride = k === 0 && stage > 0 ? 2 : 1;
      let y: string;
      if (bottleneck) {
        y = c.relu(c.norm(c.conv(x, inner, 1, { bias: false })));
        y = c.relu(c.norm(c.conv(y, inner, 3, { stride, bias: false })));
        y = c.norm(c.conv(y, outer, 1, { bias: false }));
      } else {
        y = c.relu(c.norm(c.conv(x, inner, 3, { stride, bias: false })));
        y = c.norm(c.conv(y, outer, 3, { bias: false }));
      }
      const skip =
        stride !== 1 || c.channels(x) !== outer ? c.norm(c.conv(x, outer, 1, { stride, bias: false, pad: 0 })) : x;
      x = c.relu(c.add(y, skip));
    }
  });
  return { graph: c.classify(x), dim: c.channels(x) };
}

export function mobileNetV1(width: number): Architecture {
  const c = new Classifier('mobilenetv1', width);
  let x = c.relu6(c.norm(c.conv('data', c.of(32), 3, { stride: 2, bias: false })));
  const last: readonly [number, number][] = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...Array.from({ length: 5 }, (): [number, number] => [512, 1]),
    [1024, 2],
    [1024, 1],
  ];
  for (const [n, stride] of last) {
    const own = c.channels(x);
    x = c.relu6(c.norm(c.conv(x, own, 3, { stride, group: own, bias: false })));
    x = c.relu6(c.norm(c.conv(x, c.of(n), 1, { bias: false })));
  }
  return { graph: c.classify(x), dim: c.channels(x) };
}

/** Blocks that widen, convolve each channel and narrow again: how much, channels out, how many, stride of the first, kernel. */
type Widening = readonly (readonly [expand: number, out: number, count: number, first: number, kernel: number])[];

function widening(name: string, width: number, blocks: Widening): Architecture {
  const c = new Classifier(name, width);
  let x = c.relu6(c.norm(c.conv('data', c.of(32), 3, { stride: 2, bias: false })));
  for (const [expand, out, count, first, kernel] of blocks) {
    for (let k = 0; k < count; k += 1) {
      const stride = k === 0 ? first : 1;
      const inner = c.channels(x) * expand;
      let y = expand === 1 ? x : c.relu6(c.norm(c.conv(x, inner, 1, { bias: false })));
      y = c.relu6(c.norm(c.conv(y, inner, kernel, { stride, group: inner, bias: false })));
      y = c.norm(c.conv(y, c.of(out), 1, { bias: false }));
      x = stride === 1 && c.channels(x) === c.of(out) ? c.add(x, y) : y;
    }
  }
  x = c.relu6(c.norm(c.conv(x, c.of(1280), 1, { bias: false })));
  return { graph: c.classify(x), dim: c.channels(x) };
}

export function mobileNetV2(width: number): Architecture {
  return widening('mobilenetv2', width, [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 32, 2, 2, 3],
    [6, 64, 2, 2, 3],
    [6, 96, 1, 1, 3],
  ]);
}

export function efficientNetLite(width: number): Architecture {
  return widening('efficientnet-lite', width, [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 40, 2, 2, 5],
    [6, 112, 2, 1, 5],
    [6, 192, 2, 2, 5],
  ]);
}

function mobileNetV3(width: number): Architecture {
  const c = new Classifier('mobilenetv3', width);
  const swish = (x: string): string => c.unary('HardSwish', x);
  const gate = (x: string): string => {
    const n = c.channels(x);
    let s = c.unary('GlobalAveragePool', x);
    s = c.relu(c.conv(s, 8, 1));
    s = c.unary('HardSigmoid', c.conv(s, n, 1), { alpha: float(1 / 6) });
    return c.keep(c.b.op('Mul', [s, x]), n);
  };
  let x = swish(c.norm(c.conv('data', c.of(16), 3, { stride: 2, bias: false })));
  for (const [kernel, inner, out, squeeze, swished, stride] of [
    [3, 16, 16, true, false, 2],
    [3, 72, 24, false, false, 2],
    [3, 88, 24, false, false, 1],
    [5, 96, 40, true, true, 2],
    [5, 240, 40, true, true, 1],
  ] as const) {
    const act = swished ? swish : (v: string) => c.relu(v);
    const wide = c.of(inner);
    let y = act(c.norm(c.conv(x, wide, 1, { bias: false })));
    y = act(c.norm(c.conv(y, wide, kernel, { stride, group: wide, bias: false })));
    if (squeeze) y = gate(y);
    y = c.norm(c.conv(y, c.of(out), 1, { bias: false }));
    x = stride === 1 && c.channels(x) === c.of(out) ? c.add(x, y) : y;
  }
  x = swish(c.norm(c.conv(x, c.of(576), 1, { bias: false })));
  return { graph: c.classify(x), dim: c.channels(x) };
}

/** Its classes come of a convolution, so that the last map before the pooling is none of features. */
function squeezeNet(width: number): Architecture {
  const c = new Classifier('squeezenet', width);
  let x = c.maxPool(c.relu(c.conv('data', c.of(64), 3, { stride: 2, pad: 0 })), 3, 2);
  const fire = (v: string, squeeze: number, expand: number): string => {
    const s = c.relu(c.conv(v, c.of(squeeze), 1));
    return c.concat([c.relu(c.conv(s, c.of(expand), 1)), c.relu(c.conv(s, c.of(expand), 3))]);
  };
  x = c.maxPool(fire(fire(x, 16, 64), 16, 64), 3, 2);
  x = fire(fire(x, 32, 128), 48, 192);
  const dim = c.channels(x);
  const classes = c.relu(c.conv(c.unary('Dropout', x), 1000, 1));
  const pooled = c.b.op('GlobalAveragePool', [classes]);
  return { graph: c.end(c.b.op('Softmax', [c.b.op('Flatten', [pooled], { axis: int(1) })], { axis: int(1) })), dim };
}

/** Every family that must train, by name; the deep ones with the number of blocks that they have. */
export const ARCHITECTURES: Readonly<Record<string, () => Architecture>> = {
  AlexNet: () => alexNet(1 / 8),
  VGG16: () => vgg16(1 / 16),
  ResNet18: () => resNet([2, 2, 2, 2], false, 1 / 16),
  ResNet34: () => resNet([3, 4, 6, 3], false, 1 / 16),
  ResNet50: () => resNet([3, 4, 6, 3], true, 1 / 16),
  ResNet101: () => resNet([3, 4, 23, 3], true, 1 / 16),
  ResNet152: () => resNet([3, 8, 36, 3], true, 1 / 16),
  MobileNetV1: () => mobileNetV1(1 / 8),
  MobileNetV2: () => mobileNetV2(1 / 4),
  MobileNetV3: () => mobileNetV3(1 / 2),
  SqueezeNet: () => squeezeNet(1 / 4),
};
