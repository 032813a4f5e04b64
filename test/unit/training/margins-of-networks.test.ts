import { describe, expect, it } from 'vitest';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { floatTensor, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import {
  DEFAULT_EDGE_TRAINING,
  DEFAULT_TRAINING,
  defaultMargin,
  presetAdvice,
  PRESETS,
} from '../../../src/main/engine/training/presets.ts';

/** A graph of so many convolutions of so many channels: only kinds and sizes are looked at. */
function networkOf(o: {
  convolutions: number;
  channels: number;
  residual?: boolean;
  inputs?: number;
  layer?: 'projection' | 'whitening';
  addsBias?: boolean;
}): Graph {
  const initializers: Graph['initializers'] = new Map(
    Array.from({ length: o.convolutions }, (_, i) => [
      `w${i}`,
      // The last is the widest.
      {
        ...floatTensor([1, 1], new Float32Array(1)),
        dims: [i === o.convolutions - 1 ? o.channels : 8, o.inputs ?? 8, 3, 3],
      },
    ]),
  );
  if (o.layer !== undefined) initializers.set(`${o.layer}/weight`, floatTensor([1], new Float32Array(1)));
  initializers.set('b', floatTensor([1], new Float32Array(1)));
  return {
    name: 'g',
    inputs: [],
    outputs: [],
    initializers,
    metadata: new Map(),
    nodes: [
      ...Array.from({ length: o.convolutions }, (_, i) => ({
        op: 'Conv',
        name: `c${i}`,
        inputs: ['x', `w${i}`],
        outputs: [`y${i}`],
        attributes: {},
      })),
      ...(o.residual === true ? [{ op: 'Add', name: 'a', inputs: ['y0', 'y1'], outputs: ['z'], attributes: {} }] : []),
      ...(o.addsBias === true ? [{ op: 'Add', name: 'd', inputs: ['y0', 'b'], outputs: ['t'], attributes: {} }] : []),
    ],
  };
}

describe('the margin of a network', () => {
  it('is 0.85 for residual ones of 2048 channels, 0.75 for plain ones of 13 convolutions and 512, else 0.7', () => {
    const margin = (o: Parameters<typeof networkOf>[0]): number => defaultMargin(networkOf(o), 'contrastive');
    expect(margin({ convolutions: 50, channels: 2048, residual: true })).toBe(0.85);
    expect(margin({ convolutions: 50, channels: 2047, residual: true })).toBe(0.7);
    expect(margin({ convolutions: 50, channels: 2048 })).toBe(0.75);
    expect(margin({ convolutions: 13, channels: 512 })).toBe(0.75);
    expect(margin({ convolutions: 12, channels: 512 })).toBe(0.7);
    expect(margin({ convolutions: 13, channels: 511 })).toBe(0.7);
    expect(margin({ convolutions: 13, channels: 512, residual: true })).toBe(0.7);
    // A kernel of one input channel is a depthwise one; two are not.
    expect(margin({ convolutions: 13, channels: 512, inputs: 1 })).toBe(0.7);
    expect(margin({ convolutions: 13, channels: 512, inputs: 2 })).toBe(0.75);
    // A bias that is added makes no residual.
    expect(margin({ convolutions: 13, channels: 512, addsBias: true })).toBe(0.75);
    expect(margin({ convolutions: 0, channels: 0 })).toBe(0.7);
  });

  it('is doubled with a linear layer; for triplets it is 0.5 with one and 0.1 without', () => {
    for (const layer of ['projection', 'whitening'] as const) {
      const o = { convolutions: 50, channels: 2048, residual: true };
      expect(defaultMargin(networkOf({ ...o, layer }), 'contrastive')).toBe(1.7);
      expect(defaultMargin(networkOf({ ...o, layer }), 'triplet')).toBe(0.5);
      expect(defaultMargin(networkOf(o), 'triplet')).toBe(0.1);
    }
  });
});

describe('recipes', () => {
  it('for small machines are those of the documentation', () => {
    expect(DEFAULT_TRAINING).toMatchObject({
      epochs: 5,
      loss: 'contrastive',
      optimiser: 'adam',
      decay: { kind: 'exponential', rate: 0.1 },
      scaling: 'sum',
      dampening: 0,
      batch: 5,
      pools: null,
      queriesPerEpoch: 160,
      learningRate: 1e-5,
      weightDecay: 1e-6,
      margin: 0.7,
      seed: 0,
      minings: 1,
      experiment: false,
      backend: 'auto',
      name: null,
    });
    expect(DEFAULT_EDGE_TRAINING).toEqual({
      ...DEFAULT_TRAINING,
      preset: 'small-edges',
      epochs: 10,
      learningRate: 3e-5,
      weightDecay: 1e-5,
      size: 200,
      minings: 3,
    });
  });

  it('of the papers have their backbones, poolings, layers, rates and sizes (methods.md 1.6)', () => {
    const table = Object.entries(PRESETS).map(([name, p]) => [
      name,
      p.backbone,
      p.pooling,
      p.whitened,
      p.parameters.learningRate,
      p.parameters.weightDecay,
      p.parameters.epochs,
      p.parameters.queriesPerEpoch,
      p.parameters.minings,
      p.parameters.size,
      p.parameters.mining.pool,
      p.parameters.mining.count,
      p.parameters.margin,
    ]);
    const mining = DEFAULT_TRAINING.mining;
    expect(table).toEqual([
      ['small', null, null, false, 1e-5, 1e-6, 5, 160, 1, DEFAULT_TRAINING.size, mining.pool, 5, 0.7],
      ['small-edges', null, null, false, 3e-5, 1e-5, 10, 160, 3, 200, mining.pool, 5, 0.7],
      ['eccv16-mac-vgg', 'VGG16', 'mac', false, 1e-3, 5e-4, 30, 6000, 3, 362, 22_000, 5, 0.7],
      ['pami18-gem-vgg', 'VGG16', 'gem', false, 1e-6, 5e-4, 30, 6000, 3, 362, 22_000, 5, 0.75],
      ['pami18-gem-resnet101', 'ResNet101', 'gem', false, 1e-6, 5e-4, 30, 6000, 3, 362, 22_000, 5, 0.85],
      ['pytorch-gem-resnet101', 'ResNet101', 'gem', false, 5e-7, 1e-6, 100, 2000, 1, 362, 22_000, 5, 0.85],
      ['pytorch-whiten-resnet50', 'ResNet50', 'gem', true, 1e-6, 1e-6, 100, 2000, 1, 1024, 20_000, 5, 0.5],
      ['pytorch-whiten-resnet101', 'ResNet101', 'gem', true, 5e-7, 1e-6, 100, 2000, 1, 1024, 20_000, 4, 0.5],
      ['pytorch-whiten-resnet152', 'ResNet152', 'gem', true, 5e-7, 1e-6, 100, 2000, 1, 900, 20_000, 3, 0.5],
    ]);
    const decays = Object.values(PRESETS).map((p) => p.parameters.decay);
    expect(decays[2]).toEqual({ kind: 'steps', epochs: [10, 20], factor: 5 });
    expect(decays.filter((d) => d.kind === 'exponential').map((d) => d.rate)).toEqual([
      0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01,
    ]);
  });

  it('know their backbone by name or by origin, however it is written', () => {
    const { spec } = embeddedNetwork('photos');
    const preset = PRESETS['pytorch-gem-resnet101'];
    expect(presetAdvice(preset, { ...spec, name: 'mine', origin: 'torchvision, ResNet-101' })).toBeUndefined();
    expect(presetAdvice(preset, { ...spec, name: 'RESNET_101', origin: 'x' })).toBeUndefined();
    expect(presetAdvice(preset, { ...spec, name: 'ResNet', origin: '50' })).toMatch(/published with ResNet101/);
  });
});
