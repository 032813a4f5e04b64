import { describe, expect, it } from 'vitest';
import { framed, frameOf, refuseOtherSize } from '../../../src/main/engine/inputs/framing.ts';
import { batches, defaultSize } from '../../../src/main/engine/inputs/inputs.ts';
import { decodeInto } from '../../../src/main/engine/library/pixels.ts';
import { PREPROCESSING } from '../../../src/main/engine/network/preprocessing.ts';
import type { InputFacts } from '../../../src/shared/domain.ts';
import { inputInWords } from '../../../src/shared/networks-in-words.ts';
import sharp from 'sharp';

const of = (input: InputFacts): { name: string; preprocess: (typeof PREPROCESSING)['unit']; input: InputFacts } => ({
  name: 'n',
  preprocess: PREPROCESSING.unit,
  input,
});
const white = (width: number, height: number): { width: number; height: number; data: Uint8Array } => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(255),
});

describe('a photo for a network of one size', () => {
  it('lies in the middle, and its margin is 0 once normalised', () => {
    const { dims, data } = framed(white(2, 1), of({ height: 3, width: 4, fit: 'pad' }));
    expect(dims).toEqual([1, 3, 3, 4]);
    const plane = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    expect([...data]).toEqual([...plane, ...plane, ...plane]);
  });

  it('is made a whole multiple where that is asked, and left where it is one', () => {
    expect(framed(white(9, 8), of({ multiple: 8 })).dims).toEqual([1, 3, 8, 16]);
    expect(framed(white(16, 8), of({ multiple: 8 })).dims).toEqual([1, 3, 8, 16]);
  });

  it('is decoded to fit within, or to fill it', async () => {
    const file = await sharp({ create: { width: 60, height: 30, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const size = async (fit: 'pad' | 'crop'): Promise<number[]> => {
      const { width, height } = await decodeInto(file, { width: 32, height: 32, fit });
      return [width, height];
    };
    expect(await size('pad')).toEqual([32, 16]);
    expect(await size('crop')).toEqual([32, 32]);
    const small = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect((await decodeInto(small, { width: 32, height: 32, fit: 'pad' })).width).toBe(32);
  });

  it('is of the size that the network has, and another is refused', () => {
    const spec = of({ height: 224, width: 196, fit: 'crop' });
    expect(frameOf(spec)).toEqual({ width: 196, height: 224, fit: 'crop' });
    expect(defaultSize(spec)).toBe(224);
    expect(() => refuseOtherSize(spec, 224)).not.toThrow();
    expect(() => refuseOtherSize(spec, 320)).toThrow(/196x224 alone, not of 320 pixels/);
    expect(inputInWords(spec)).toMatch(/196x224 alone: .* cut at two sides/);
    expect(() => refuseOtherSize(of({ multiple: 8 }), 320)).not.toThrow();
  });

  it('goes through the network by itself where it has to', () => {
    const alone = framed(white(2, 2), of({ height: 2, width: 2, fit: 'pad', alone: true }));
    const together = framed(white(2, 2), of({ height: 2, width: 2, fit: 'pad' }));
    expect(batches([alone, alone]).map((b) => b.batch.dims[0])).toEqual([1, 1]);
    expect(batches([together, together]).map((b) => b.batch.dims[0])).toEqual([2]);
  });
});
