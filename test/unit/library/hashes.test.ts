import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOf, hashBytes, hashFile, hashNow } from '../../../src/main/engine/library/hash-file.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

it.each([
  // FIPS 180-2, appendix B.
  ['nothing', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['three bytes', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['a million', 'a'.repeat(1e6), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('a file of %s has its SHA-256, and the first half of it as its content hash', async (name, content, digest) => {
  const file = join(folder, name);
  writeFileSync(file, content);
  expect(digestOf(file)).toBe(digest);
  for (const hash of [hashNow(file), hashBytes(Buffer.from(content)), await hashFile(file)])
    expect(hash).toBe(digest.slice(0, 32));
});

it('is the same however a file is read, also of several blocks', async () => {
  const bytes = Buffer.alloc((5 << 20) + 3, 'covis');
  const file = join(folder, 'large');
  writeFileSync(file, bytes);
  expect([hashNow(file), await hashFile(file)]).toEqual([hashBytes(bytes), hashBytes(bytes)]);
  await expect(hashFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'INPUT_MISSING' });
});
