import { describe, expect, it } from 'vitest';
import { floatTensor, int, ints, type GraphBuilder } from '../../../src/main/engine/network/onnx/graph.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { PREPROCESSING } from '../../../src/main/engine/network/preprocessing.ts';
import { encodeOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folders.ts';
import { foreign, layer } from '../../support/foreign-networks.ts';

const folder = temporaryFolder();
let n = 0;

type Begin = (b: GraphBuilder, x: string) => string;

/** A file of a network that does this to its pixels before its convolutions. */
function file(begin: Begin, dims: readonly (string | number)[] = ['N', 3, 'H', 'W']): string {
  const graph = foreign((b) => b.op('GlobalAveragePool', [layer(b, layer(b, begin(b, 'x'), 3, 8), 8, 12)]), { dims });
  const path = join(folder, `n${(n += 1)}.onnx`);
  writeFileSync(path, encodeOnnx(graph));
  return path;
}

const held = (b: GraphBuilder, dims: readonly number[], data: readonly number[]): string =>
  b.constant(floatTensor(dims, Float32Array.from(data)), 'k');
const number = (b: GraphBuilder, v: number): string => held(b, [], [v]);
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

describe('a network that normalises its pixels itself', () => {
  const cases: [string, Begin, keyof typeof PREPROCESSING][] = [
    [
      'mean and deviation of 0 to 1',
      (b, x) => b.op('Div', [b.op('Sub', [x, held(b, [1, 3, 1, 1], MEAN)]), held(b, [3, 1, 1], STD)]),
      'unit',
    ],
    [
      'the same of 0 to 255, divided first',
      (b, x) =>
        b.op('Div', [
          b.op('Sub', [b.op('Mul', [number(b, 1 / 255), x]), held(b, [3, 1, 1], MEAN)]),
          held(b, [3, 1, 1], STD),
        ]),
      'bytes',
    ],
    [
      'Keras’ rescaling, channels last',
      (b, x) => {
        const last = b.op('Transpose', [x], { perm: ints([0, 2, 3, 1]) });
        const scaled = b.op('Add', [b.op('Mul', [last, number(b, 1 / 127.5)]), held(b, [3], [-1, -1, -1])]);
        return b.op('Transpose', [scaled], { perm: ints([0, 3, 1, 2]) });
      },
      'bytes',
    ],
    ['0 to 1 made -1 to 1', (b, x) => b.op('Sub', [b.op('Mul', [x, number(b, 2)]), number(b, 1)]), 'unit'],
    [
      'torchvision’s made -1 to 1, as its Inception does',
      (b, x) =>
        b.op('Add', [
          b.op('Mul', [
            x,
            held(
              b,
              [3, 1, 1],
              STD.map((s) => s / 0.5),
            ),
          ]),
          held(
            b,
            [3, 1, 1],
            MEAN.map((m) => (m - 0.5) / 0.5),
          ),
        ]),
      'torchvision',
    ],
    ['Caffe’s mean of 0 to 255', (b, x) => b.op('Sub', [x, held(b, [3, 1, 1], [123.68, 116.779, 103.939])]), 'bytes'],
    ['0 to 255 made 0 to 1', (b, x) => b.op('Div', [x, number(b, 255)]), 'bytes'],
    ['0 to 255 made -0.5 to 0.5', (b, x) => b.op('Sub', [b.op('Div', [x, number(b, 255)]), number(b, 0.5)]), 'bytes'],
    ['-1 to 1 made 0 to 1', (b, x) => b.op('Mul', [b.op('Add', [x, number(b, 1)]), number(b, 0.5)]), 'tensorflow'],
    [
      'Caffe’s, whose channels it turns around first',
      (b, x) => {
        const turned = b.op('Gather', [x, b.int64s([2, 1, 0])], { axis: int(1) });
        return b.op('Sub', [turned, held(b, [3, 1, 1], [103.939, 116.779, 123.68])]);
      },
      'bytes',
    ],
    [
      'the same, sliced backwards, channels last',
      (b, x) => {
        const last = b.op('Transpose', [x], { perm: ints([0, 2, 3, 1]) });
        const at = (v: number): string => b.int64s([v]);
        const turned = b.op('Slice', [last, at(-1), at(-1000), at(-1), at(-1)]);
        const less = b.op('Add', [turned, held(b, [3], [-103.939, -116.779, -123.68])]);
        return b.op('Transpose', [less], { perm: ints([0, 3, 1, 2]) });
      },
      'bytes',
    ],
    [
      'channels by themselves, in another order',
      (b, x) =>
        b.op(
          'Concat',
          [2, 1, 0].map((c) =>
            b.op('Sub', [
              b.op('Slice', [x, b.int64s([c]), b.int64s([c + 1]), b.int64s([1])]),
              number(b, [123.68, 116.779, 103.939][c]!),
            ]),
          ),
          { axis: int(1) },
        ),
      'bytes',
    ],
    [
      'torchvision’s Inception as it is exported',
      (b, x) =>
        b.op(
          'Concat',
          [0, 1, 2].map((c) => {
            const one = b.op('Gather', [x, b.int64s([c])], { axis: int(1) });
            const scaled = b.op('Mul', [one, number(b, STD[c]! / 0.5)]);
            return b.op('Add', [scaled, number(b, (MEAN[c]! - 0.5) / 0.5)]);
          }),
          { axis: int(1) },
        ),
      'torchvision',
    ],
    [
      'the same by one split',
      (b, x) => {
        const [red, green, blue] = [0, 1, 2].map((c) => b.fresh(`channel${c}`)) as [string, string, string];
        const attributes = { axis: int(1) };
        b.graph.nodes.push({ op: 'Split', name: 'split', inputs: [x], outputs: [red, green, blue], attributes });
        const each = [red, green, blue].map((one, c) => {
          const scaled = b.op('Mul', [b.op('Squeeze', [one, b.int64s([1])]), number(b, STD[c]! / 0.5)]);
          return b.op('Unsqueeze', [b.op('Add', [scaled, number(b, (MEAN[c]! - 0.5) / 0.5)]), b.int64s([1])]);
        });
        return b.op('Concat', each, { axis: int(1) });
      },
      'torchvision',
    ],
    [
      'what reads their size besides',
      (b, x) => {
        const scaled = b.op('Div', [x, number(b, 255)]);
        return b.op('Reshape', [scaled, b.op('Shape', [x])]);
      },
      'bytes',
    ],
    [
      'a margin, and then what they are made',
      (b, x) => b.op('Div', [b.op('Pad', [x, b.int64s([0, 0, 1, 1, 0, 0, 1, 1])]), number(b, 255)]),
      'bytes',
    ],
    ...(
      [
        ['0 to 1', [0.45, 0.42, 0.4], [0.07, 0.06, 0.07], 'unit'],
        ['what torchvision gives', [0.1, 0, -0.1], [1.2, 1.1, 1], 'torchvision'],
        ['0 to 255', [124, 117, 104], [3600, 3500, 3700], 'bytes'],
      ] as const
    ).map(([of, mean, variance, pixels]): [string, Begin, keyof typeof PREPROCESSING] => [
      `a batch normalisation of ${of}`,
      (b, x) =>
        b.op('BatchNormalization', [x, ...[[1, 1, 1], [0.02, 0, 0], mean, variance].map((d) => held(b, [3], d))]),
      pixels,
    ]),
    [
      'a deviation that nobody else has',
      (b, x) => b.op('Div', [b.op('Sub', [x, number(b, 120)]), number(b, 70)]),
      'bytes',
    ],
  ];
  it.each(cases)('%s: it is given what it wants, and that is said', async (_, begin, pixels) => {
    const { spec } = await prepareNetwork(file(begin));
    expect(spec.preprocess).toEqual(PREPROCESSING[pixels]);
    expect(spec.taken?.why).toContain(`--pixels ${pixels}`);
  });

  it('takes what a person says without asking', async () => {
    const { spec } = await prepareNetwork(file(cases[0]![1]), { preprocess: PREPROCESSING.clip });
    expect(spec.preprocess).toEqual(PREPROCESSING.clip);
    expect(spec.taken?.why).not.toContain('--pixels');
  });

  it.each<[string, Begin]>([
    ['one that does nothing to them', (_, x) => x],
    ['one that multiplies them by one', (b, x) => b.op('Mul', [x, number(b, 1)])],
    ['one whose pixels go two ways', (b, x) => b.op('Add', [x, b.op('Mul', [x, number(b, 3)])])],
  ])('leaves %s at torchvision’s', async (_, begin) => {
    const { spec } = await prepareNetwork(file(begin));
    expect(spec.preprocess).toEqual(PREPROCESSING.torchvision);
    expect(spec.taken?.why).not.toContain('--pixels');
  });

  it.each<[string, Begin]>([
    ['twice as much', (b, x) => b.op('Mul', [x, number(b, 2)])],
    ['nothing that makes sense', (b, x) => b.op('Mul', [x, number(b, 1e-6)])],
  ])('refuses %s until a person says which pixels it wants', async (_, begin) => {
    await expect(prepareNetwork(file(begin))).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      hint: expect.stringContaining('--pixels') as string,
    });
    expect((await prepareNetwork(file(begin), { preprocess: PREPROCESSING.unit })).spec.dim).toBe(12);
  });
});
