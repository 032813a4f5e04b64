/** HDF5 files that reach for others (test/fixtures/make_strangers.py, written by h5py). */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const STRANGERS = join(ROOT, 'test', 'fixtures', 'strangers');
const folder = temporaryFolder();

async function saidOf(file: string): Promise<string> {
  try {
    await readDescriptorFile(file);
  } catch (error) {
    const { code, message } = toErrorShape(error);
    return `${code}: ${message}`;
  }
  return 'read';
}

describe('an HDF5 file', () => {
  it.each([
    ['link-to-group.h5', 'a.jpg lies in another file, other.h5'],
    ['link-to-data.h5', 'a.jpg/global_descriptor lies in another file, /etc/passwd'],
    ['storage.h5', 'a.jpg/global_descriptor lies in another file, /etc/passwd'],
    ['storage-of-input.h5', 'a.jpg/global_descriptor lies in another file, /dev/stdin'],
    ['virtual.h5', 'a.jpg/global_descriptor lies in another file, other.h5'],
  ])('%s is refused, whatever is there', async (name, expected) =>
    expect(await saidOf(join(STRANGERS, name))).toBe(`INPUT_UNSUPPORTED: ${expected}, which is not opened`),
  );

  it('is refused where it names another that is open', async () => {
    copyFileSync(join(STRANGERS, 'link-to-group.h5'), join(folder, 'link-to-group.h5'));
    copyFileSync(join(STRANGERS, 'other.h5'), join(folder, 'other.h5'));
    const other = await Hdf5File.open(join(folder, 'other.h5'));
    try {
      expect(await saidOf(join(folder, 'link-to-group.h5'))).toMatch(/^INPUT_UNSUPPORTED: a\.jpg lies in another file/);
      expect(Array.from(other.read('x').data)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    } finally {
      other.close();
    }
  });

  it('may be open beside another, and leaves no file open', async () => {
    const open = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
    const file = join(STRANGERS, 'other.h5');
    (await Hdf5File.open(file)).close();
    const before = open();
    const [a, b] = [await Hdf5File.open(file), await Hdf5File.open(file)];
    expect([a.arrays().map((x) => x.path), b.has('g/global_descriptor')]).toEqual([['g/global_descriptor', 'x'], true]);
    a.close();
    expect(b.read('x').shape).toEqual([8]);
    b.close();
    await saidOf(join(STRANGERS, 'storage.h5'));
    await saidOf(join(STRANGERS, 'make.py'));
    expect(open()).toBe(before);
  });
});
