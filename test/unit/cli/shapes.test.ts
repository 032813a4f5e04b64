import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();

function covis(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { encoding: 'utf8' });
}

describe('shapes on the command line', () => {
  it('edges: one grey PNG a photo, damaged photos said and left out', async () => {
    const photos = join(folder, 'photos');
    mkdirSync(join(photos, 'sub'), { recursive: true });
    copyFileSync(join(SAMPLE, 'castle', 'images', 'castle_01.jpg'), join(photos, 'a.jpg'));
    copyFileSync(join(SAMPLE, 'castle', 'images', 'castle_02.jpg'), join(photos, 'sub', 'b.jpg'));
    writeFileSync(join(photos, 'c.jpg'), 'no photo');
    const out = join(folder, 'maps');
    const r = covis('edges', '--photos', photos, '--out', out, '--size', '160', '--json');
    expect(r.status, r.stderr).toBe(0);
    expect(JSON.parse(r.stdout)).toMatchObject({ detector: 'covis-edges-1', written: 2, failed: ['c.jpg'] });
    for (const f of ['a.png', join('sub', 'b.png')]) {
      const meta = await sharp(join(out, f)).metadata();
      expect([Math.max(meta.width, meta.height), meta.channels, meta.format]).toEqual([160, 1, 'png']);
    }
    expect(covis('edges', '--photos', photos, '--out', out, '--force', '--detector', 'none').stderr).toMatch(
      /no edge detector/,
    );
  }, 60_000);

  it('search --sketch: results as JSON; an empty drawing and a missing one are refused by name', async () => {
    const library = join(folder, 'library');
    covis('import', library, join(SAMPLE, 'windmill'), join(SAMPLE, 'castle'));
    const sketch = join(folder, 'windmill.svg');
    writeFileSync(
      sketch,
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M38 95L43 45H57L62 95ZM43 45L50 36L57 45M20 15L80 75M80 15L20 75" fill="none" stroke="#000" stroke-width="1.5"/></svg>',
    );
    const r = covis('search', library, '--sketch', sketch, '--top', '5', '--json');
    expect(r.status, r.stderr).toBe(0);
    const hits = JSON.parse(r.stdout) as { photo: string; score: number }[];
    expect(hits).toHaveLength(5);
    expect(hits.some((h) => h.photo.startsWith('windmill'))).toBe(true);
    const blank = join(folder, 'blank.png');
    await sharp({ create: { width: 40, height: 40, channels: 3, background: '#fff' } })
      .png()
      .toFile(blank);
    const empty = covis('search', library, '--sketch', blank, '--json');
    expect(JSON.parse(empty.stdout)).toMatchObject({ error: { code: 'INPUT_INVALID', file: blank } });
    expect(covis('search', library, '--sketch', join(folder, 'none.png')).stderr).toMatch(/drawing does not exist/);
    expect(covis('search', library).stderr).toMatch(/Nothing to search with/);
  }, 90_000);

  it('train --domain edges: an edge network that the library then draws with', () => {
    const library = join(folder, 'training');
    covis('import', library, ...['castle', 'windmill'].map((n) => join(SAMPLE, n)));
    const r = covis(
      'train',
      library,
      '--domain',
      'edges',
      '--pooling',
      'mac',
      '--epochs',
      '1',
      '--tuples',
      '6',
      '--size',
      '96',
      '--json',
    );
    expect(r.status, r.stderr).toBe(0);
    expect(JSON.parse(r.stdout)).toMatchObject({ tuples: 6, epochs: [{ epoch: 1, loss: expect.any(Number) }] });
    expect(covis('train', library, '--domain', 'sounds').stderr).toMatch(/photos or edges/);
  }, 90_000);
});
