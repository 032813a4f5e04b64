import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { zip } from '../../../src/main/engine/formats/zip.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

async function archive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const members = Object.entries(files).map(([name, text]) => {
    const file = join(folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    return { name, file };
  });
  for await (const part of zip(members)) parts.push(part);
  return Buffer.concat(parts);
}

it('an archive of nothing is the 22 bytes that every reader takes for one', async () => {
  expect((await archive({})).toString('hex')).toBe(`504b0506${'00'.repeat(18)}`);
});

it('a member stands in it as it is, with the checksum and the size that its records promise', async () => {
  const bytes = await archive({ 'a.txt': '123456789' });
  // The check value of CRC-32 (ISO 3309).
  const CRC = 0xcbf43926;
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(14), bytes.readUInt32LE(18), bytes.readUInt32LE(22)]).toEqual([
    0x04034b50,
    CRC,
    9,
    9,
  ]);
  expect(bytes.subarray(30, 35 + 9).toString()).toBe('a.txt123456789');
  const at = bytes.readUInt32LE(bytes.length - 6);
  expect([bytes.readUInt32LE(at), bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 42)]).toEqual([
    0x02014b50,
    CRC,
    0,
  ]);
  expect(bytes.readUInt32LE(bytes.length - 10), 'the size of the directory').toBe(bytes.length - 22 - at);
});

it('names keep their folders and their letters; each member is found at its place', async () => {
  const files = { 'list/Schlösser.csv': 'a', 'list/寺.csv': 'bc', empty: '' };
  const bytes = await archive(files);
  expect(bytes.readUInt16LE(bytes.length - 12)).toBe(3);
  let at = bytes.readUInt32LE(bytes.length - 6);
  for (const [name, text] of Object.entries(files)) {
    const length = bytes.readUInt16LE(at + 28);
    expect(bytes.subarray(at + 46, at + 46 + length).toString()).toBe(name);
    expect(bytes.readUInt16LE(at + 8) & 0x0800, 'names are UTF-8').toBe(0x0800);
    const local = bytes.readUInt32LE(at + 42);
    expect(bytes.subarray(local + 30 + length, local + 30 + length + text.length).toString()).toBe(text);
    at += 46 + length;
  }
});
