import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importWork } from '../../../src/main/engine/work/import.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
let made = 0;
const put = (at: string, files: Readonly<Record<string, string | Uint8Array>>): void => {
  mkdirSync(at, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(at, name), content);
};

/** What an import into a new library says, or gives; and how many photos the library has then. */
async function imported(...sources: string[]): Promise<{ said: unknown; photos: number; warnings: string[] }> {
  const library = Library.create(join(folder, `library-${(made += 1)}`));
  const warnings: string[] = [];
  const said = await importWork.run(library, { sources }, silentContext(warnings)).catch((error: unknown) => error);
  const photos = library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get() as number;
  library.close();
  return { said, photos, warnings };
}

/** A JPEG whose beginning is whole and whose picture is cut off. */
async function cut(): Promise<Buffer> {
  const whole = await sharp({
    create: {
      width: 640,
      height: 480,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ quality: 95 })
    .toBuffer();
  return whole.subarray(0, whole.length >> 2);
}

describe('a folder in which no photo can be read', () => {
  it('is refused, with how many there are of which kind', async () => {
    const at = join(folder, 'mixed');
    put(at, {
      'a.jpg': POINTER,
      'b.jpg': POINTER,
      'c.jpg': POINTER,
      'd.png': '',
      'e.png': '',
      'f.jpg': Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(200, 7)]),
    });
    const { said, photos, warnings } = await imported(at);
    expect(said).toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'No photo here can be read: 3 Git LFS pointers, 2 empty files, 1 damaged file',
      file: at,
      hint: `Run git lfs pull in their repository, and import again. The first of them is ${join(at, 'a.jpg')}.`,
    });
    expect(photos).toBe(0);
    expect(warnings.toSorted()).toEqual([
      `This is a Git LFS pointer, not the file itself: ${join(at, 'a.jpg')}`,
      `This is a Git LFS pointer, not the file itself: ${join(at, 'b.jpg')}`,
      `This is a Git LFS pointer, not the file itself: ${join(at, 'c.jpg')}`,
      `This photo cannot be read: ${join(at, 'f.jpg')}`,
      `This photo is an empty file: ${join(at, 'd.png')}`,
      `This photo is an empty file: ${join(at, 'e.png')}`,
    ]);
  });

  it('is refused where only the beginnings of the files are whole', async () => {
    const at = join(folder, 'cut');
    put(at, { '1.jpg': await cut(), '2.jpg': await cut() });
    const { said, photos } = await imported(at);
    expect(said).toMatchObject({ code: 'INPUT_CORRUPT', message: 'No photo here can be read: 2 damaged files' });
    expect(photos).toBe(0);
  });

  it('is refused with a model, too, and nothing of it is stored', async () => {
    const at = join(folder, 'model');
    put(join(at, 'images'), { 'p0.jpg': POINTER, 'p1.jpg': POINTER });
    writeTextModel(join(at, 'sparse', '0'), {
      images: [0, 1].map((i) => ({ name: `p${i}.jpg`, at: [i, 0, 0], sees: [1, 2, 3] })),
      points: somePoints(3),
    });
    const { said } = await imported(at);
    expect(said).toMatchObject({ message: 'No photo here can be read: 2 Git LFS pointers', file: join(at, 'images') });
  });

  it('is counted with others', async () => {
    for (const name of ['one', 'two']) {
      const at = join(folder, 'several', name);
      put(join(at, 'images'), { 'p0.jpg': '', 'p1.jpg': '' });
      writeTextModel(join(at, 'sparse', '0'), {
        images: [0, 1].map((i) => ({ name: `p${i}.jpg`, at: [i, 0, 0], sees: [1, 2, 3] })),
        points: somePoints(3),
      });
    }
    const { said } = await imported(join(folder, 'several'));
    expect(said).toMatchObject({ message: 'No photo of 2 folders can be read: 4 empty files' });
  });

  it('is refused as the photos of a list of pairs', async () => {
    const at = join(folder, 'listed');
    put(join(at, 'images'), { 'a.jpg': POINTER, 'b.jpg': '' });
    writeFileSync(join(at, 'pairs.txt'), 'a.jpg b.jpg\n');
    const { said } = await imported(join(at, 'pairs.txt'));
    expect(said).toMatchObject({ message: 'No photo here can be read: 1 Git LFS pointer, 1 empty file' });
  });

  it('is imported where one of them is a photo', async () => {
    const at = join(folder, 'some');
    put(at, { 'a.jpg': POINTER, 'b.jpg': '', 'c.jpg': await cut() });
    await writePhoto(join(at, 'd.jpg'), 5);
    const { said, warnings } = await imported(at);
    // The beginning of c.jpg is whole.
    expect(said).toMatchObject({ photos: 2 });
    expect(warnings).toHaveLength(2);
    expect(readFileSync(join(at, 'b.jpg'))).toHaveLength(0);
  });
});
