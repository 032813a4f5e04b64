import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { writeSettings } from '../../../src/main/engine/environment/settings.ts';
import { thumbnailWritten, trimFolder } from '../../../src/main/engine/library/thumbnail-bound.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** Ten files of some bytes, the first the oldest. */
function filled(name: string, bytes: number): string {
  const at = join(folder, name, 'thumbnails');
  mkdirSync(join(at, 'ab'), { recursive: true });
  for (let i = 0; i < 10; i += 1) {
    const file = join(at, 'ab', `${i}.jpg`);
    writeFileSync(file, Buffer.alloc(bytes));
    utimesSync(file, 1000 + i, 1000 + i);
  }
  return at;
}

it('lets the oldest go until nine tenths of the bound are left, and none below it', async () => {
  const at = filled('trimmed', 100);
  expect(await trimFolder(at, 1000)).toBe(0);
  expect(await trimFolder(at, 800)).toBe(300);
  expect(readdirSync(join(at, 'ab')).sort()).toEqual(['3.jpg', '4.jpg', '5.jpg', '6.jpg', '7.jpg', '8.jpg', '9.jpg']);
});

it('is looked at when a process writes its first thumbnail, by the setting of the person', async () => {
  vi.stubEnv('COVIS_SETTINGS', join(folder, 'settings.json'));
  try {
    writeSettings({ thumbnailsMb: 50 });
    const at = filled('written', 6_000_000);
    thumbnailWritten(join(at, '..'), 1);
    await vi.waitFor(
      () =>
        expect(readdirSync(join(at, 'ab')).sort()).toEqual([
          '3.jpg',
          '4.jpg',
          '5.jpg',
          '6.jpg',
          '7.jpg',
          '8.jpg',
          '9.jpg',
        ]),
      { timeout: 30_000 },
    );
  } finally {
    vi.unstubAllEnvs();
    rmSync(join(folder, 'written'), { recursive: true, force: true });
  }
});
