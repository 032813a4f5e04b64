import { describe, expect, it } from 'vitest';
import { toInput } from '../../../src/main/engine/library/pixels.ts';
import { PREPROCESSING } from '../../../src/main/engine/network/preprocessing.ts';

describe('pixels as families of networks want them', () => {
  const pixels = { width: 2, height: 1, data: Uint8Array.of(255, 128, 0, 10, 20, 30) };
  const input = (name: keyof typeof PREPROCESSING): number[] => Array.from(toInput(pixels, PREPROCESSING[name]).data);
  const close = (a: readonly number[], b: readonly number[]): void => {
    expect(a.length).toBe(b.length);
    a.forEach((v, i) => expect(v).toBeCloseTo(b[i]!, 4));
  };

  it('are planes of red, green and blue with ImageNet’s mean and deviation, for PyTorch', () => {
    const z = (v: number, mean: number, std: number): number => (v / 255 - mean) / std;
    close(input('torchvision'), [
      z(255, 0.485, 0.229),
      z(10, 0.485, 0.229),
      z(128, 0.456, 0.224),
      z(20, 0.456, 0.224),
      z(0, 0.406, 0.225),
      z(30, 0.406, 0.225),
    ]);
  });

  it('are blue, green and red less the mean, for Caffe', () => {
    close(input('caffe'), [0 - 103.939, 30 - 103.939, 128 - 116.779, 20 - 116.779, 255 - 123.68, 10 - 123.68]);
  });

  it('are from -1 to 1 for TensorFlow, and from 0 to 1 plain', () => {
    close(input('tensorflow'), [1, 10 / 127.5 - 1, 128 / 127.5 - 1, 20 / 127.5 - 1, -1, 30 / 127.5 - 1]);
    close(input('unit'), [1, 10 / 255, 128 / 255, 20 / 255, 0, 30 / 255]);
    expect(toInput(pixels, PREPROCESSING.unit).dims).toEqual([1, 3, 1, 2]);
  });
});
