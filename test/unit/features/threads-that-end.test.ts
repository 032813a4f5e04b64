import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FeatureDetector } from '../../../src/main/engine/features/detect.ts';
import type { SiftParameters } from '../../../src/main/engine/features/sift.ts';

describe('a thread that detects features and fails', () => {
  it('lets nobody wait: all who asked are told, and the rest can be closed', async () => {
    const photo = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    // Without parameters the thread throws as it looks for extrema.
    const detector = new FeatureDetector(null as unknown as SiftParameters, 1);
    expect(detector.threads).toBe(1);
    const outcomes = await Promise.allSettled([detector.detect(photo), detector.detect(photo)]);
    const told = { code: 'INTERNAL', message: 'A thread that detects features ended' };
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: told });
    // Also who asks afterwards.
    await expect(detector.detect(photo)).rejects.toMatchObject(told);
    await detector.close();
  }, 8000);
});
