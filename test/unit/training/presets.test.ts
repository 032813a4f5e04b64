import { describe, expect, it } from 'vitest';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { addLinearLayer } from '../../../src/main/engine/network/linear-head.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import type { Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import {
  decayed,
  defaultMargin,
  PRESETS,
  presetAdvice,
  presetNamed,
} from '../../../src/main/engine/training/presets.ts';
import { trainingParameters } from '../../../src/main/engine/work/recipe.ts';
import { ARCHITECTURES } from '../../support/architectures.ts';

describe('recipes', () => {
  it('are those of the papers and their code', () => {
    const of = (name: string): object => presetNamed(name).parameters;
    expect(of('eccv16-mac-vgg')).toMatchObject({
      optimiser: 'sgd',
      learningRate: 1e-3,
      weightDecay: 5e-4,
      epochs: 30,
      minings: 3,
      batch: 5,
      margin: 0.7,
      size: 362,
      scaling: 'pairs',
    });
    expect(of('pami18-gem-vgg')).toMatchObject({
      optimiser: 'adam',
      learningRate: 1e-6,
      weightDecay: 5e-4,
      queriesPerEpoch: 6000,
      margin: 0.75,
      size: 362,
    });
    expect(of('pami18-gem-resnet101')).toMatchObject({
      margin: 0.85,
      loss: 'contrastive',
      mining: { pool: 22_000, count: 5 },
    });
    expect(of('pytorch-gem-resnet101')).toMatchObject({
      learningRate: 5e-7,
      weightDecay: 1e-6,
      epochs: 100,
      queriesPerEpoch: 2000,
      minings: 1,
    });
    expect(of('pytorch-whiten-resnet152')).toMatchObject({
      loss: 'triplet',
      margin: 0.5,
      size: 900,
      mining: { count: 3, pool: 20_000 },
    });
    for (const [name, preset] of Object.entries(PRESETS)) expect(preset.parameters.preset).toBe(name);
    expect(() => presetNamed('none')).toThrow(/There is no preset none: small, /);
    expect(() => presetNamed('toString')).toThrow(/There is no preset/);
  });

  it('let rates fall by e^-rate an epoch, or in steps', () => {
    const adam = presetNamed('pami18-gem-vgg').parameters.decay;
    expect(decayed(adam, 1)).toBe(1);
    expect(decayed(adam, 11)).toBeCloseTo(Math.exp(-1), 12);
    const steps = presetNamed('eccv16-mac-vgg').parameters.decay;
    expect([1, 10, 11, 20, 21, 30].map((e) => decayed(steps, e))).toEqual([1, 1, 1 / 5, 1 / 5, 1 / 25, 1 / 25]);
  });

  it('are overlaid by what a person says, and only by that', () => {
    const p = trainingParameters({ preset: 'pami18-gem-vgg', epochs: 2, mining: { count: 3 } });
    expect(p).toMatchObject({
      preset: 'pami18-gem-vgg',
      epochs: 2,
      learningRate: 1e-6,
      mining: { count: 3, pool: 22_000 },
    });
    expect(trainingParameters({ optimiser: 'sgd' })).toMatchObject({ scaling: 'tuples', dampening: 0.9 });
    expect(trainingParameters({ preset: 'eccv16-mac-vgg' })).toMatchObject({ scaling: 'pairs', dampening: 0 });
  });

  it('say when they train another network than they were published with', () => {
    const { spec } = embeddedNetwork('photos');
    expect(presetAdvice(presetNamed('small'), spec)).toBeUndefined();
    expect(presetAdvice(presetNamed('pami18-gem-vgg'), spec)).toMatch(/published with VGG16; it trains MobileNetV1/);
    expect(presetAdvice(presetNamed('pami18-gem-vgg'), { ...spec, name: 'vgg-16 GeM' })).toBeUndefined();
  });
});

describe('margins', () => {
  const headed = (name: string): Graph => {
    const read = normalise({ graph: ARCHITECTURES[name]!().graph, opset: 17 }, name);
    return addHead(read, lastFeatureMap(read)).graph;
  };
  /** The same network with the channels that it has in full: only sizes are looked at. */
  const full = (graph: Graph, channels: number): Graph => {
    const initializers = new Map(graph.initializers);
    for (const n of graph.nodes) {
      const w = n.op === 'Conv' ? initializers.get(n.inputs[1]!) : undefined;
      if (w !== undefined) initializers.set(n.inputs[1]!, { ...w, dims: [channels, ...w.dims.slice(1)] });
    }
    return { ...graph, initializers };
  };

  it('follow from the network', () => {
    expect(defaultMargin(embeddedNetwork('photos').graph, 'contrastive')).toBe(0.7);
    expect(defaultMargin(full(headed('AlexNet'), 384), 'contrastive')).toBe(0.7);
    expect(defaultMargin(full(headed('VGG16'), 512), 'contrastive')).toBe(0.75);
    expect(defaultMargin(full(headed('ResNet101'), 2048), 'contrastive')).toBe(0.85);
    expect(defaultMargin(full(headed('ResNet18'), 512), 'contrastive')).toBe(0.7);
    expect(defaultMargin(headed('ResNet50'), 'triplet')).toBe(0.1);
    const { graph, spec } = embeddedNetwork('photos');
    const layer = { from: spec.dim, to: 8, weight: new Float32Array(spec.dim * 8), bias: new Float32Array(8) };
    const whitened = addLinearLayer(graph, 'whitening', layer);
    expect([defaultMargin(whitened, 'contrastive'), defaultMargin(whitened, 'triplet')]).toEqual([1.4, 0.5]);
  });
});
