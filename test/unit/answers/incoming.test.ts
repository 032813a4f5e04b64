import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { Incoming } from '../../../src/main/engine/answers/incoming.ts';

const all: Incoming[] = [];
function incoming(): Incoming {
  const one = new Incoming();
  all.push(one);
  return one;
}
afterEach(() => {
  vi.useRealTimers();
  for (const one of all.splice(0)) one.close();
});
const bytes = (text: string): Uint8Array => Buffer.from(text);

it('puts the parts of a file together, in order, and says how far it is', () => {
  const files = incoming();
  const { id } = files.add(undefined, 0, bytes('one '));
  expect(files.add(id, 4, bytes('two'))).toEqual({ id, bytes: 7 });
  expect(readFileSync(files.file(id), 'utf8')).toBe('one two');
  expect(() => files.add(id, 4, bytes('two'))).toThrow(/7 bytes of this file are here/);
  expect(() => files.add(id, 9, bytes('x'))).toThrow(/begins at 9/);
  expect(readFileSync(files.file(id), 'utf8')).toBe('one two');
});

it('refuses what is larger than its use takes, what is empty, and what it does not keep', () => {
  const files = incoming();
  const { id } = files.add(undefined, 0, bytes('12345'));
  expect(() => files.file(id, 4)).toThrow(/between 1 byte and 4 bytes/);
  expect(() => files.file(files.add(undefined, 0, bytes('')).id)).toThrow(/between 1 byte/);
  expect(() => files.add('0'.repeat(32), 0, bytes('x'))).toThrow(/was not sent, or too long ago/);
});

it('keeps four at most, and what is dropped or closed is gone from the disk', () => {
  const files = incoming();
  const ids = Array.from({ length: 4 }, (_, i) => files.add(undefined, 0, bytes(`file ${i}`)).id);
  expect(() => files.add(undefined, 0, bytes('fifth'))).toThrow(/4 files are being taken already/);
  const [first, second] = ids.map((id) => files.file(id));
  files.drop(ids[0]!);
  expect(existsSync(first!)).toBe(false);
  files.add(undefined, 0, bytes('fifth'));
  files.close();
  expect(existsSync(second!)).toBe(false);
});

it('lets go of what nobody uses, and of what a job read once that is done', () => {
  vi.useFakeTimers();
  const files = incoming();
  const idle = files.add(undefined, 0, bytes('idle')).id;
  const held = files.add(undefined, 0, bytes('held')).id;
  const [idleAt, heldAt] = [files.file(idle), files.file(held)];
  let busy = true;
  files.hold(held, () => busy);
  vi.advanceTimersByTime(29 * 60_000);
  expect([existsSync(idleAt), existsSync(heldAt)]).toEqual([true, true]);
  vi.advanceTimersByTime(3 * 60_000);
  expect([existsSync(idleAt), existsSync(heldAt)]).toEqual([false, true]);
  busy = false;
  vi.advanceTimersByTime(2 * 60_000);
  expect(existsSync(heldAt)).toBe(false);
});
