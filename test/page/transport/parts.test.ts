import { beforeEach, expect, it, vi } from 'vitest';
import type { sendInParts as SendInParts } from '../../../src/renderer/transport/assets.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';
import { FakeSocket } from '../support/fake-socket.ts';

const PART = 4 << 20;
const file = new Blob([new Uint8Array(2 * PART + 5)]);
let engine: FakeEngine;
let there: number;
let sendInParts: typeof SendInParts;

/** The engine's end of `/asset/part`: takes what begins where it is. @param lose which of the answers are lost on the way, counted from 1. */
function takes(lose: readonly number[] = [], each: () => void = () => undefined): string[] {
  const paths: string[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    init.signal?.throwIfAborted();
    if (!path.startsWith('/asset/part/')) throw new TypeError('nothing else is there');
    paths.push(path);
    const at = Number(path.split('/').at(-1));
    if (at !== there) return Response.json({ error: { code: 'INPUT_INVALID', message: `${there} bytes are here` } });
    there += (init.body as Blob).size;
    each();
    if (lose.includes(paths.length)) {
      const before = FakeSocket.all.length;
      engine.cut();
      // The page tries again by itself; it is let in once it does.
      const door = setInterval(() => {
        if (FakeSocket.all.length === before) return;
        clearInterval(door);
        engine.accept();
      }, 20);
      throw new TypeError('lost');
    }
    return Response.json({ id: 'f'.repeat(32), bytes: there });
  });
  return paths;
}

beforeEach(async () => {
  there = 0;
  engine = fakeEngine({ 'collection-files.sent': () => ({ bytes: there }) });
  ({ sendInParts } = await import('../../../src/renderer/transport/assets.ts'));
  const { request } = await import('../../../src/renderer/transport/index.ts');
  await request('collection-files.sent', { file: 'f'.repeat(32) });
  await settled();
}, 60_000);

it('sends a part after the other and tells how far it is', async () => {
  const paths = takes();
  const told: number[] = [];
  expect(await sendInParts(file, { told: (bytes) => told.push(bytes) })).toBe('f'.repeat(32));
  expect(told).toEqual([PART, 2 * PART, file.size]);
  expect(paths).toHaveLength(3);
});

it('goes on from what is there where the connection was lost after a part had come', async () => {
  const paths = takes([2]);
  expect(await sendInParts(file)).toBe('f'.repeat(32));
  expect(there).toBe(file.size);
  expect(paths.map((p) => Number(p.split('/').at(-1)))).toEqual([0, PART, 2 * PART]);
}, 30_000);

it('is given up by who asked', async () => {
  const stop = new AbortController();
  const paths = takes([], () => stop.abort());
  await expect(sendInParts(file, { signal: stop.signal })).rejects.toThrow();
  expect(paths).toHaveLength(1);
});
