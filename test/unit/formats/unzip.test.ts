import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { unzip, zipEntries } from '../../../src/main/engine/formats/unzip.ts';
import { zip } from '../../../src/main/engine/formats/zip.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;

interface Member {
  readonly name: string;
  readonly text: string;
  /** Said in place of what is so. */
  readonly size?: number;
  readonly crc?: number;
  readonly deflate?: boolean;
  readonly flags?: number;
  readonly mode?: number;
  /** Position of the header that the list names. */
  readonly at?: number;
  readonly localName?: string;
}

/** An archive as APPNOTE 6.3 describes it, with what may be wrong about it. */
function archive(members: readonly Member[], end: Buffer = Buffer.alloc(0)): string {
  const u = (value: number, bytes: number): Buffer => {
    const b = Buffer.alloc(bytes);
    b.writeUIntLE(value, 0, bytes);
    return b;
  };
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const m of members) {
    const bytes = Buffer.from(m.text);
    const packed = m.deflate === true ? deflateRawSync(bytes) : bytes;
    const method = u(m.deflate === true ? 8 : 0, 2);
    const facts = [u(m.crc ?? crc32(bytes), 4), u(packed.length, 4), u(m.size ?? bytes.length, 4)];
    const [name, local] = [Buffer.from(m.name), Buffer.from(m.localName ?? m.name)];
    const head = [u(m.flags ?? 0, 2), method, u(0, 2), u(0x21, 2), ...facts];
    const own = Buffer.concat([u(0x04034b50, 4), u(20, 2), ...head, u(local.length, 2), u(0, 2), local, packed]);
    central.push(
      Buffer.concat([
        ...[u(0x02014b50, 4), u(0x0314, 2), u(20, 2), ...head, u(name.length, 2), u(0, 2), u(0, 2), u(0, 2), u(0, 2)],
        ...[u(((m.mode ?? 0o100644) * 0x10000) >>> 0, 4), u(m.at ?? offset, 4), name],
      ]),
    );
    parts.push(own);
    offset += own.length;
  }
  const list = Buffer.concat(central);
  const tail = [u(0x06054b50, 4), u(0, 4), u(members.length, 2), u(members.length, 2), u(list.length, 4), u(offset, 4)];
  const file = join(folder, `${(made += 1)}.zip`);
  writeFileSync(file, Buffer.concat([...parts, list, ...tail, u(end.length, 2), end]));
  return file;
}
const unpacked = async (file: string): Promise<Record<string, string>> => {
  const out = join(folder, `out ${(made += 1)}`);
  await unzip(file, zipEntries(file), out);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return Object.fromEntries(
    files.map((e) => join(e.parentPath, e.name)).map((f) => [f.slice(out.length + 1), readFileSync(f, 'utf8')]),
  );
};

it('unpacks stored and deflated members, whatever comment stands behind them, and leaves what systems add', async () => {
  const long = 'one line and again '.repeat(4000);
  const file = archive(
    [
      { name: 'a/', text: '' },
      { name: 'a/b.txt', text: 'plain' },
      { name: 'a/ü ß.csv', text: long, deflate: true },
      { name: '__MACOSX/a/._b.txt', text: 'clutter' },
      { name: 'a/.DS_Store', text: 'clutter' },
      { name: 'empty', text: '' },
    ],
    Buffer.from('PK\u0005\u0006 a comment that looks like an end'),
  );
  expect(await unpacked(file)).toEqual({ 'a/b.txt': 'plain', 'a/ü ß.csv': long, empty: '' });
});

it('reads what Covis writes', async () => {
  const names = ['collection.json', 'photos/ä.jpg', 'photos/b.jpg'];
  const members = names.map((name, i) => {
    const file = join(folder, 'own', name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, name.repeat(1000 * i));
    return { name, file };
  });
  const parts: Buffer[] = [];
  for await (const part of zip(members)) parts.push(part);
  const file = join(folder, 'own.zip');
  writeFileSync(file, Buffer.concat(parts));
  expect(await unpacked(file)).toEqual(Object.fromEntries(names.map((n, i) => [n, n.repeat(1000 * i)])));
});

it.each<[string, readonly Member[], RegExp]>([
  ['leads up', [{ name: '../x', text: 'a' }], /leads out/],
  ['leads up within', [{ name: 'a/../../x', text: 'a' }], /leads out/],
  ['is absolute', [{ name: '/etc/x', text: 'a' }], /leads out/],
  ['is of another system', [{ name: '..\\x', text: 'a' }], /no portable file/],
  ['has a drive', [{ name: 'C:x', text: 'a' }], /no portable file/],
  ['is a link', [{ name: 'x', text: '/etc/passwd', mode: 0o120777 }], /a link or a device/],
  ['is a device', [{ name: 'x', text: '', mode: 0o060644 }], /a link or a device/],
  ['is encrypted', [{ name: 'x', text: 'a', flags: 1 }], /is encrypted/],
  [
    'is there twice',
    [
      { name: 'x', text: 'a' },
      { name: 'X', text: 'b' },
    ],
    /twice, or differs .* case/,
  ],
  ['grows beyond measure', [{ name: 'x', text: '0'.repeat(3e6), deflate: true }], /more than 300 times/],
  [
    'shares bytes',
    [
      { name: 'x', text: 'a' },
      { name: 'y', text: 'b', at: 0 },
    ],
    /shares bytes/,
  ],
  [
    'lies in another',
    [
      { name: 'x', text: 'a'.repeat(90) },
      { name: 'y', text: 'b', at: 40 },
    ],
    /shares bytes/,
  ],
] as const)('refuses a member that %s, before anything is written', (_, members, why) => {
  expect(() => zipEntries(archive(members))).toThrow(why);
});

it.each<[string, readonly Member[], RegExp]>([
  ['holds more than it says', [{ name: 'x', text: 'a'.repeat(2000), deflate: true, size: 1000 }], /more than it says/],
  ['holds less than it says', [{ name: 'x', text: 'a'.repeat(2000), deflate: true, size: 3000 }], /less than it says/],
  ['has another checksum', [{ name: 'x', text: 'a', crc: 1 }], /not those that were packed/],
  ['is called otherwise in its place', [{ name: 'x', text: 'a', localName: 'y' }], /is called "y" there/],
  [
    'is a file and a folder',
    [
      { name: 'x', text: 'a' },
      { name: 'x/y', text: 'b' },
    ],
    /is a file and a folder/,
  ],
] as const)('ends at a member that %s', async (_, members, why) => {
  await expect(unpacked(archive(members))).rejects.toThrow(why);
});

it('says of each truncation and each changed byte of its records that it is damaged, or unpacks the same', async () => {
  const file = archive([
    { name: 'a.txt', text: 'first' },
    { name: 'b.txt', text: 'x'.repeat(300), deflate: true },
  ]);
  const bytes = readFileSync(file);
  const right = createHash('sha256')
    .update(JSON.stringify(await unpacked(file)))
    .digest('hex');
  const damaged = join(folder, 'damaged.zip');
  for (let at = 0; at < bytes.length; at += 1) {
    writeFileSync(damaged, bytes.subarray(0, at));
    expect(() => zipEntries(damaged)).toThrow(/not as it should be/);
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x55;
    writeFileSync(damaged, changed);
    try {
      const now = createHash('sha256')
        .update(JSON.stringify(await unpacked(damaged)))
        .digest('hex');
      // Dates, versions and the names of what is only said twice are of no account; a changed name is another file of the same bytes.
      if (now !== right) expect(zipEntries(damaged).map((e) => e.name)).not.toEqual(['a.txt', 'b.txt']);
    } catch (error) {
      expect((error as { code?: string }).code).toMatch(/^INPUT_/);
    }
  }
});
