import { describe, expect, it } from 'vitest';
import {
  addHead,
  DESCRIPTOR,
  IMAGE,
  lastFeatureMap,
  pooledMap,
  trainableParameters,
} from '../../../src/main/engine/network/head.ts';
import { GraphBuilder, floatTensor, int, ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';

function graphOf(build: (b: GraphBuilder, g: Graph) => string): Graph {
  const g: Graph = {
    name: 'g',
    inputs: [{ name: 'data', type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const weight = (name: string, ...dims: number[]): void => {
    g.initializers.set(name, floatTensor(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1)));
  };
  weight('w1', 8, 3, 3, 3);
  weight('w2', 8, 8, 3, 3);
  weight('w1000', 1000, 8, 1, 1);
  weight('w1000wide', 1000, 8, 3, 3);
  weight('fc', 8, 10);
  weight('b', 8);
  const out = build(new GraphBuilder(g, 'f'), g);
  g.outputs.push({ name: out, type: 'float', dims: [] });
  return g;
}
const conv = (b: GraphBuilder, x: string, w: string, name?: string): string =>
  b.op('Conv', [x, w], { kernel_shape: ints([3, 3]) }, name);
const pool = (b: GraphBuilder, x: string): string => b.op('GlobalAveragePool', [x]);

describe('the last feature map', () => {
  it('is what goes into the global pooling or the flattening', () => {
    for (const end of ['GlobalAveragePool', 'GlobalMaxPool', 'Flatten'] as const)
      expect(lastFeatureMap(graphOf((b) => b.op(end, [b.op('Relu', [conv(b, 'data', 'w1')], {}, 'map')])))).toBe('map');
    expect(
      lastFeatureMap(
        graphOf((b) => b.op('ReduceMean', [b.op('Relu', [conv(b, 'data', 'w1')], {}, 'map')], { axes: ints([2, 3]) })),
      ),
    ).toBe('map');
  });

  it('is before pooling layers that only precede it', () => {
    const g = graphOf((b) => {
      const map = b.op('Relu', [conv(b, 'data', 'w1')], {}, 'map');
      const pooled = b.op('MaxPool', [map], { kernel_shape: ints([2, 2]) });
      return b.op('Flatten', [b.op('Identity', [pooled])]);
    });
    expect(lastFeatureMap(g)).toBe('map');
  });

  it('is not the one that squeeze-and-excitation pools on the way', () => {
    const g = graphOf((b) => {
      const first = b.op('Relu', [conv(b, 'data', 'w1')], {}, 'first');
      const gate = b.op('Sigmoid', [pool(b, first)]);
      const second = b.op('Relu', [conv(b, b.op('Mul', [first, gate]), 'w2')], {}, 'second');
      return pool(b, second);
    });
    expect(lastFeatureMap(g)).toBe('second');
    // Asking for its shape does not use a map.
    const shaped = graphOf((b) => {
      const map = b.op('Relu', [conv(b, 'data', 'w1')], {}, 'map');
      return b.op('Reshape', [map, b.op('Shape', [map])]);
    });
    expect(lastFeatureMap(shaped)).toBe('map');
  });

  it('is before a point-wise convolution to the thousand classes of ImageNet', () => {
    const ending = (w: string): string =>
      lastFeatureMap(
        graphOf((b) => {
          const map = b.op('Relu', [conv(b, 'data', 'w1')], {}, 'map');
          const classes = b.op('Conv', [b.op('Identity', [map]), w], {}, 'classes');
          return pool(b, b.op('Relu', [classes], {}, 'scores'));
        }),
      );
    expect(ending('w1000')).toBe('map');
    expect(ending('w1000wide')).toBe('scores');
    expect(ending('w2')).toBe('scores');
  });

  it('is the output where nothing is pooled, and is missed by name where there is none', () => {
    expect(lastFeatureMap(graphOf((b) => conv(b, 'data', 'w1', 'map')))).toBe('map');
    const vector = graphOf((b) =>
      b.op('MatMul', [b.op('ReduceMax', ['data'], { axes: ints([2, 3]), keepdims: int(0) }), 'fc']),
    );
    expect(() => lastFeatureMap(vector)).toThrow(expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }));
    // What the image does not reach is no feature map.
    const aside = graphOf((b, g) => {
      g.initializers.set('constant', floatTensor([1, 2, 3, 3], new Float32Array(18)));
      b.op('Flatten', ['constant']);
      return pool(b, conv(b, 'data', 'w1', 'map'));
    });
    expect(lastFeatureMap(aside)).toBe('map');
  });
});

describe('a head', () => {
  const backbone = graphOf((b) => pool(b, b.op('Relu', [conv(b, 'data', 'w1', 'c')], {}, 'map')));
  it('cuts the backbone, takes an image of free size and gives a descriptor', () => {
    const { graph, dim } = addHead(backbone, 'map');
    expect(dim).toBe(8);
    expect(graph.inputs).toEqual([{ name: IMAGE, type: 'float', dims: ['N', 3, 'H', 'W'] }]);
    expect(graph.outputs).toEqual([{ name: DESCRIPTOR, type: 'float', dims: ['N', 8] }]);
    expect(graph.nodes.some((n) => n.op === 'GlobalAveragePool')).toBe(false);
    expect([...(graph.initializers.get(GEM_P)!.data as Float32Array)]).toEqual([3]);
    expect([...(addHead(backbone, 'map', { p: 2.5 }).graph.initializers.get(GEM_P)!.data as Float32Array)]).toEqual([
      2.5,
    ]);
    expect(addHead(backbone, 'map', { pooling: 'mac' }).graph.nodes.some((n) => n.op === 'GlobalMaxPool')).toBe(true);
    expect(addHead(backbone, 'map', { pooling: 'gemmp' }).graph.initializers.get(GEM_P)!.dims).toEqual([8]);
  });

  it('is refused for a value that is not there, or is no map', () => {
    expect(() => addHead(backbone, 'nothing')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    const flat = graphOf((b) => b.op('Flatten', [conv(b, 'data', 'w1')], {}, 'flat'));
    expect(() => addHead(flat, 'flat')).toThrow(/flat is not a feature map/);
    const g = graphOf((b) => conv(b, 'data', 'w1', 'map'));
    g.inputs[0] = { ...g.inputs[0]!, dims: [3, 4] };
    expect(() => addHead(g, 'map')).toThrow(/no image input of four dimensions/);
  });

  it('knows again which map it pools, and which parameters are trained', () => {
    const gem = addHead(backbone, 'map').graph;
    expect(pooledMap(gem, { name: 'x', features: 'other' })).toBe('map');
    const mac = addHead(backbone, 'map', { pooling: 'mac' }).graph;
    expect(pooledMap(mac, { name: 'x', features: 'map' })).toBe('map');
    expect(() => pooledMap(mac, { name: 'x', features: '' })).toThrow(/x does not say which map/);
    expect(trainableParameters(gem).toSorted()).toEqual([GEM_P, 'w1'].toSorted());
    expect(trainableParameters(mac)).toEqual(['w1']);
  });
});
