import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FeatureDetector } from '../../../src/main/engine/features/detect.ts';
import type { SiftParameters } from '../../../src/main/engine/features/sift.ts';
import { extractFeatures, hasFeatures } from '../../../src/main/engine/features/store.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';

afterEach(() => vi.restoreAllMocks());

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

describe('features of a library', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'a.png'),
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } })
      .png()
      .toBuffer(),
  );

  it('leave out a photo that is at fault itself, and stop at every other fault', async () => {
    const library = Library.create(join(folder, 'library'));
    await importSources(library, { sources: [folder] }, silentContext());
    const photos = allPhotos(library);
    expect(photos.length).toBe(1);
    const fails = (error: Error) => vi.spyOn(FeatureDetector.prototype, 'detect').mockRejectedValueOnce(error);
    const close = vi.spyOn(FeatureDetector.prototype, 'close');
    for (const error of [new CovisError('INTERNAL', 'A thread ended'), new TypeError('no')]) {
      fails(error);
      const warnings: string[] = [];
      await expect(extractFeatures(library, photos, silentContext(warnings))).rejects.toBe(error);
      expect(warnings).toEqual([]);
    }
    fails(new CovisError('INPUT_CORRUPT', 'Broken', { file: 'a.png' }));
    const warnings: string[] = [];
    const { computed, failed } = await extractFeatures(library, photos, silentContext(warnings));
    expect([computed, [...failed.keys()], warnings]).toEqual([0, [photos[0]!.id], ['Broken: a.png']]);
    expect(hasFeatures(library, photos[0]!.hash)).toBe(false);
    expect(close).toHaveBeenCalledTimes(3);
    expect((await extractFeatures(library, photos, silentContext())).computed).toBe(1);
    library.close();
  });
});
