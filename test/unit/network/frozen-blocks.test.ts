import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf, freeze } from '../../../src/main/engine/network/freeze.ts';
import { addHead, addUnitHead, IMAGE, trainableParameters } from '../../../src/main/engine/network/head.ts';
import { addLinearLayer } from '../../../src/main/engine/network/linear-head.ts';
import { parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { ints, type Graph, type GraphBuilder } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise, renameValue } from '../../../src/main/engine/network/onnx/normalise.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { backwardGraph, parametersOf } from '../../../src/main/engine/training/training-graph.ts';
import { attention, foreign, layer, weight } from '../../support/foreign-networks.ts';
import { resNet } from '../../support/architectures.ts';
import { ROOT } from '../../support/programs.ts';

const named = { name: 'net', features: 'map', taken: undefined };
const vector = { ...named, taken: { kind: 'vector' } } as unknown as Parameters<typeof freeze>[1];

function embedded(): Graph {
  const file = join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem.onnx');
  return normalise(parseOnnx(readFileSync(file), file), file);
}
/** Two blocks of a transformer, the mean of their tokens, unit length. */
function transformer(): Graph {
  const mlp = (b: GraphBuilder, x: string): string => {
    const normal = b.op('LayerNormalization', [x, weight(b, [8], 20), weight(b, [8], 21)]);
    const wide = b.op('Relu', [b.op('Add', [b.op('MatMul', [normal, weight(b, [8, 16], 22)]), weight(b, [16], 23)])]);
    return b.op('Add', [x, b.op('MatMul', [wide, weight(b, [16, 8], 24)])]);
  };
  const second = (b: GraphBuilder, x: string): string => {
    const normal = b.op('LayerNormalization', [x, weight(b, [8], 30), weight(b, [8], 31)]);
    const turned = b.op('Transpose', [normal], { perm: ints([0, 2, 1]) });
    const share = b.op('Softmax', [b.op('MatMul', [normal, turned])]);
    return b.op('Add', [x, b.op('MatMul', [share, b.op('MatMul', [normal, weight(b, [8, 8], 32)])])]);
  };
  const graph = foreign(
    (b) => {
      const tokens = mlp(b, second(b, mlp(b, attention(b, 'x'))));
      return b.op('ReduceMean', [tokens], { axes: ints([1]), keepdims: { kind: 'int', value: 0 } });
    },
    { dims: [1, 3, 32, 32] },
  );
  return addUnitHead(renameValue(graph, 'x', IMAGE), graph.outputs[0]!.name, 8, [1, 3, 32, 32]);
}
const learning = (graph: Graph): string[] => trainableParameters(graph);

describe('blocks', () => {
  it('of convolutions one after another are each one', () => {
    const graph = foreign((b) => layer(b, layer(b, layer(b, 'x', 3, 4), 4, 4), 4, 8));
    expect(blocksOf(graph).map((b) => b.weights.length)).toEqual([1, 1, 1]);
    // Thirteen pairs behind the first.
    expect(blocksOf(embedded())).toHaveLength(27);
  });

  it('of a ResNet are what a sum closes: the first convolution, then 2 + 2 + 2 + 2', () => {
    const { graph } = resNet([2, 2, 2, 2], false, 0.1);
    const read = normalise({ graph, opset: 17 }, 'resnet');
    const map = read.nodes.findLast((n) => n.op === 'Relu')!.outputs[0]!;
    const headed = addHead(read, map).graph;
    expect(blocksOf(headed)).toHaveLength(9);
  });

  it('of a transformer are the patches, then attention with what follows it', () => {
    const blocks = blocksOf(transformer());
    // Patches; norm, queries, keys, values and norm, two layers and a bias; norm, values and the same.
    expect(blocks.map((b) => b.weights.length)).toEqual([1, 5 + 5, 3 + 5]);
  });
});

describe('freezing', () => {
  it('keeps the first blocks, whose gradients are not computed', () => {
    const graph = transformer();
    const { graph: frozen, words } = freeze(graph, vector, '2');
    expect(learning(frozen)).toEqual(blocksOf(graph)[2]!.weights.filter((w) => learning(graph).includes(w)));
    expect(words).toMatch(/^The first 2 of 3 blocks stay as they are: [\d,]+ of [\d,]+ weights learn$/);
    const made = backwardGraph(frozen);
    expect([...made.gradientOf.keys()]).toEqual(learning(frozen));
    expect(parametersOf(frozen).map((p) => p.name)).toEqual(learning(frozen));
    // A gradient of attention is one of its shares: of two blocks one is left.
    const count = (g: Graph): number => g.nodes.filter((n) => n.op === 'Softmax').length;
    expect(count(made.graph)).toBe(2);
    expect(made.graph.nodes.length).toBeLessThan(backwardGraph(graph).graph.nodes.length - 30);
  });

  it('keeps all but the head: the exponent of GeM, and what projects behind it', () => {
    const graph = embedded();
    const spec = { ...named, features: graph.nodes.at(-1)!.name };
    expect(learning(freeze(graph, spec, 'head').graph)).toEqual([GEM_P]);
    const to = { from: 256, to: 8, weight: new Float32Array(256 * 8).fill(0.1), bias: new Float32Array(8) };
    const projected = addLinearLayer(graph, 'projection', to);
    expect(learning(freeze(projected, spec, 'head').graph).sort()).toEqual(
      [GEM_P, 'projection/bias', 'projection/weight'].sort(),
    );
    expect(freeze(projected, spec, 'head').words).toBe('The head alone learns: 2,057 of 212,393 weights');
  });

  it('keeps all but the last block of a network that gives a vector by itself, and all but a projection behind it', () => {
    const graph = transformer();
    expect(learning(freeze(graph, vector, 'head').graph)).toEqual(learning(freeze(graph, vector, '2').graph));
    const to = { from: 8, to: 4, weight: new Float32Array(32).fill(0.1), bias: new Float32Array(4) };
    const projected = addLinearLayer(graph, 'whitening', to);
    expect(learning(freeze(projected, vector, 'head').graph).sort()).toEqual(['whitening/bias', 'whitening/weight']);
  });

  it('is refused where nothing would learn, with what can be chosen', () => {
    const graph = transformer();
    const refused = (by: () => unknown): { message: string; hint: string } => {
      try {
        by();
      } catch (error) {
        return error as { message: string; hint: string };
      }
      return expect.unreachable('was taken');
    };
    const all = refused(() => freeze(graph, vector, '3'));
    expect(all).toMatchObject({ code: 'INPUT_INVALID' });
    expect(all.message).toContain('has 3 blocks with weights');
    expect(all.hint).toContain('--freeze 1 to 2');
    const map = foreign((b) => layer(b, layer(b, 'x', 3, 4), 4, 4));
    const mac = addHead(map, map.outputs[0]!.name, { pooling: 'mac' }).graph;
    const none = refused(() => freeze(mac, { ...named, features: map.outputs[0]!.name }, 'head'));
    expect(none.message).toContain('has no weights in its head');
    expect(none.hint).toContain('--freeze 1 keeps');
  });
});
