import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  computeQuality,
  histogramOf,
  qualityById,
  qualityHistogram,
  qualityValues,
} from '../../../src/main/engine/features/quality-store.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhotos } from '../../support/photo-folders.ts';

describe('a histogram', () => {
  it('puts a value on a border into the upper bin, and the largest into the last', () => {
    expect(histogramOf([0, 1, 2, 3, 4], 4)).toEqual({ least: 0, most: 4, counts: [1, 1, 1, 2] });
  });
  it('of nothing says so, and of equal values has one bin', () => {
    expect(histogramOf([], 3)).toEqual({ least: null, most: null, counts: [0, 0, 0] });
    expect(histogramOf([5, 5], 3)).toEqual({ least: 5, most: 5, counts: [2, 0, 0] });
  });
});

describe('measuring a library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-quality-'));
  let library: Library;
  beforeAll(async () => {
    await writePhotos(
      join(folder, 'photos'),
      Array.from({ length: 12 }, (_, i) => `${i}.jpg`),
    );
    library = Library.create(join(folder, 'lib'));
    await importSources(library, { sources: [join(folder, 'photos')], photosOnly: true }, silentContext());
  });
  afterAll(() => {
    library.close();
    rmSync(folder, { recursive: true });
  });

  it('keeps what was done when it is stopped, and goes on from there; a third time there is nothing to do', async () => {
    let asked = 0;
    const stopping = {
      ...silentContext(),
      check: () => {
        asked += 1;
        if (asked > 7) throw cancelled();
      },
    };
    await expect(computeQuality(library, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
    const kept = qualityById(library).size;
    expect(kept).toBeGreaterThan(0);
    const total = (library.db.prepare('SELECT COUNT(*) FROM present_photo').pluck().get() as number) - kept;
    const rest = await computeQuality(library, silentContext());
    expect(rest).toEqual({ photos: total + kept, computed: total, failed: 0 });
    expect(await computeQuality(library, silentContext())).toEqual({ photos: total + kept, computed: 0, failed: 0 });
  });

  it('counts the photos of a subset, and those that lack a value', async () => {
    await computeQuality(library, silentContext());
    const ids = [...qualityValues(library, 'sharpness').keys()];
    const some = ids.slice(0, 5);
    const h = qualityHistogram(library, 'sharpness', 10, some);
    expect(h.measured).toBe(5);
    expect(h.counts.reduce((a, b) => a + b, 0)).toBe(5);
    library.db.prepare('DELETE FROM photo_quality WHERE photo_id = ?').run(some[0]);
    expect(qualityHistogram(library, 'sharpness', 10, some)).toMatchObject({ measured: 4, missing: 1 });
    expect(qualityHistogram(library, 'megapixels', 10, some)).toMatchObject({ measured: 5, missing: 0 });
  });
});
