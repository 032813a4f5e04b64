import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { layOut, loadMap, storeMap } from '../../../src/main/engine/retrieval/map.ts';
import { normaliseRows } from '../../../src/main/engine/retrieval/rank.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

describe('the map', () => {
  it('fills the unit square along both axes, evenly where many photos lie', async () => {
    const r = random(1);
    const rows = 40;
    const m = normaliseRows(
      { data: Float32Array.from({ length: rows * 4 }, () => r.between(-1, 1)), rows, dim: 4 },
      'x',
    );
    const at = await layOut(m, 3, silentContext());
    for (const axis of [0, 1]) {
      const values = Array.from({ length: rows }, (_, i) => at[2 * i + axis]!).sort((a, b) => a - b);
      expect(values[0]).toBe(0);
      expect(values.at(-1)).toBeCloseTo(1, 6);
      // Two thirds of a position are the rank: neighbours stand at least 0.65 of an even step apart.
      for (let i = 1; i < rows; i += 1)
        expect(values[i]! - values[i - 1]!).toBeGreaterThanOrEqual(0.65 / (rows - 1) - 1e-6);
    }
  });

  it('needs four photos', async () => {
    const m = (rows: number) => ({
      data: Float32Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? 1 : 0.01 * i)),
      rows,
      dim: 2,
    });
    await expect(layOut(m(3), 0, silentContext())).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    expect((await layOut(m(4), 0, silentContext())).length).toBe(8);
  });

  it('is kept with the photos that it is of', () => {
    const library = Library.create(join(folder, 'library'));
    expect(loadMap(library, 'abc')).toBeUndefined();
    storeMap(library, 'abc', Uint32Array.of(5, 7), Float32Array.of(0, 0.5, 1, 0.25));
    expect(loadMap(library, 'abc')).toEqual({ ids: Uint32Array.of(5, 7), positions: Float32Array.of(0, 0.5, 1, 0.25) });
    storeMap(library, 'abc', Uint32Array.of(5, 7, 9), Float32Array.of(0, 0.5, 1, 0.25, 0, 0));
    library.close();
  });
});
