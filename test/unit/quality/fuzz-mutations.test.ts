import { crc32, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { inputOf } from '../../fuzz/input.ts';
import { BYTE_MUTATORS } from '../../fuzz/mutators/bytes.ts';
import { gzip, mat5, npy, pickle, png } from '../../fuzz/mutators/containers.ts';
import { mutate } from '../../fuzz/mutators/index.ts';
import { json } from '../../fuzz/mutators/json.ts';
import { onnx } from '../../fuzz/mutators/onnx.ts';
import { sqlPages, sqlRows } from '../../fuzz/mutators/sqlite.ts';
import { TEXT_MUTATORS } from '../../fuzz/mutators/text.ts';
import { shrunk } from '../../fuzz/shrink.ts';
import { seed } from '../../fuzz/target.ts';

const ALL = [...BYTE_MUTATORS, ...TEXT_MUTATORS, json, npy, pickle, onnx, sqlRows, sqlPages];
const NOTHING = Buffer.alloc(0);

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}

const PNG = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  chunk('IHDR', Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
  chunk('IDAT', deflateSync(Buffer.from([0, 10, 20]))),
  chunk('IEND', NOTHING),
]);

describe('mutations', () => {
  it('follow from the reader, the seed and the number alone', () => {
    const seeds = [seed('a', { 'a.txt': '1 2 3\n4 5 6\n', 'b.json': '{"a":[1,2]}' })];
    const of = (name: string, s: number, i: number): string =>
      JSON.stringify([...inputOf({ name }, seeds, s, i)].map(([f, b]) => [f, Buffer.from(b).toString('hex')]));
    expect(of('x', 1, 5)).toBe(of('x', 1, 5));
    const all = new Set([of('x', 1, 5), of('x', 1, 6), of('x', 2, 5), of('y', 1, 5)]);
    expect(all.size).toBe(4);
  });

  it('take any bytes, none at all included', () => {
    const r = random(4);
    for (const bytes of [
      NOTHING,
      Buffer.from('x'),
      Buffer.from('SQLite format 3\0'),
      PNG,
      Buffer.from('{"a":'),
      Buffer.from([0x80]),
    ])
      for (const m of [...ALL, png((_, b) => b), gzip((_, b) => b), mat5((_, b) => b)])
        for (let k = 0; k < 20; k += 1) expect(Buffer.isBuffer(m(r, bytes, PNG))).toBe(true);
  });

  it('leave only the files alone that are not to be changed', () => {
    const seeds = [seed('a', { keep: 'same', change: 'a b c d e f g' })];
    for (let i = 0; i < 50; i += 1)
      expect(
        Buffer.from(inputOf({ name: 'k', mutates: (f) => f === 'change' }, seeds, 1, i).get('keep')!).toString(),
      ).toBe('same');
  });

  it('change a JSON text so that it mostly is one still', () => {
    const r = random(9);
    const text = Buffer.from('{"a":[1,2,{"b":"c"}],"d":null,"e":1.5}');
    let sound = 0;
    let other = 0;
    for (let k = 0; k < 200; k += 1) {
      const next = json(r, text, text).toString();
      if (next !== text.toString()) other += 1;
      try {
        JSON.parse(next);
        sound += 1;
      } catch {
        // A few are meant to be none.
      }
    }
    expect(sound).toBeGreaterThan(150);
    expect(other).toBeGreaterThan(150);
  });

  it('give chunks of a PNG their right checksum', () => {
    const r = random(2);
    for (let k = 0; k < 100; k += 1) {
      const next = png(mutate4)(r, PNG, PNG);
      for (let at = 8; at + 12 <= next.length;) {
        const length = next.readUInt32BE(at);
        expect(next.readUInt32BE(at + 8 + length)).toBe(crc32(next.subarray(at + 4, at + 8 + length)));
        at += 12 + length;
      }
    }
  });

  it('change what is inside gzip', () => {
    const packed = gzipSync('a plain text');
    const next = gzip(() => Buffer.from('another'))(random(1), packed, packed);
    expect(gunzipSync(next).toString()).toBe('another');
  });

  it('change rows of a database that stays sound', () => {
    const db = new Database(':memory:');
    db.exec("CREATE TABLE a (x INTEGER, y TEXT); INSERT INTO a VALUES (1, 'b'), (2, 'c'); CREATE TABLE b (z BLOB)");
    const bytes = db.serialize();
    db.close();
    const r = random(6);
    const seen = new Set<string>();
    for (let k = 0; k < 40; k += 1) {
      const next = sqlRows(r, bytes, bytes);
      seen.add(next.toString('latin1'));
      const opened = new Database(next);
      expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
      opened.close();
    }
    expect(seen.size).toBeGreaterThan(10);
  });
});

function mutate4(r: Parameters<typeof mutate>[0], bytes: Buffer): Buffer {
  return mutate(r, 'x', bytes, bytes);
}

describe('shrinking', () => {
  it('keeps what the fault needs and little else', async () => {
    const sound = seed('a', { one: 'first', two: 'second' });
    const failing = new Map([
      ['one', Buffer.from('changed, which does not matter')],
      ['two', Buffer.from(`${'x'.repeat(300)}BAD${'y'.repeat(300)}`)],
    ]);
    const fault = { kind: 'raw error', message: 'bad' } as const;
    const attempt = (
      _: unknown,
      files: ReadonlyMap<string, Uint8Array>,
    ): Promise<{ fault: typeof fault } | { read: true }> =>
      Promise.resolve(Buffer.from(files.get('two')!).includes('BAD') ? { fault } : { read: true });
    const small = await shrunk(
      { attempt },
      { name: 'x', seeds: () => [sound], read: () => undefined },
      failing,
      [sound],
      fault,
    );
    expect(Buffer.from(small.get('one')!).toString()).toBe('first');
    expect(Buffer.from(small.get('two')!).toString()).toBe('BAD');
  });
});
