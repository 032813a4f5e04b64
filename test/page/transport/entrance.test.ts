import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as entranceModule from '../../../src/renderer/transport/entrance.ts';
import type * as transportModule from '../../../src/renderer/transport/index.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';
import { FakeSocket } from '../support/fake-socket.ts';

const KEYS = { key: 'k'.repeat(48), photos: 'p'.repeat(48) };
const OTHERS = { key: 'o'.repeat(48), photos: 'q'.repeat(48) };
/** What the server is asked for keys, and answers. */
let exchanged: string[];
let answer: () => Promise<Response>;
let protocols: (readonly string[])[];

beforeEach(() => {
  localStorage.clear();
  fakeEngine({ 'jobs.list': () => [] });
  exchanged = [];
  protocols = [];
  answer = () => Promise.resolve(Response.json(KEYS));
  vi.stubGlobal('fetch', (_to: string, { body }: { body: string }) => {
    exchanged.push(body);
    return answer();
  });
  const Socket = globalThis.WebSocket as unknown as new (url: string) => FakeSocket;
  class Told extends Socket {
    constructor(url: string, asked: readonly string[]) {
      super(url);
      protocols.push(asked);
    }
  }
  vi.stubGlobal('WebSocket', Told);
});
afterEach(() => {
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

const modules = async (): Promise<{ entrance: typeof entranceModule; transport: typeof transportModule }> => ({
  entrance: await import('../../../src/renderer/transport/entrance.ts'),
  transport: await import('../../../src/renderer/transport/index.ts'),
});

describe('coming in', () => {
  it('exchanges the word of the address for keys, keeps them, and takes the word out', async () => {
    history.replaceState({ of: 'router' }, '', `/tuples/1/2?sort=hardest#enter=${'w'.repeat(24)}`);
    localStorage.setItem('covis-keys', JSON.stringify(OTHERS));
    const { entrance } = await modules();
    const { keys } = await entrance.enterOnce();
    expect(keys).toEqual(KEYS);
    expect(exchanged).toEqual(['w'.repeat(24)]);
    expect(location.href).toMatch(/\/tuples\/1\/2\?sort=hardest$/);
    expect(history.state).toEqual({ of: 'router' });
    expect(entrance.storedKeys()).toEqual(KEYS);
    expect(protocols).toEqual([['covis', `key.${KEYS.key}`]]);
  });

  it('without a word takes the keys that are kept, and asks for none', async () => {
    localStorage.setItem('covis-keys', JSON.stringify(OTHERS));
    const { entrance } = await modules();
    expect((await entrance.enterOnce()).keys).toEqual(OTHERS);
    expect(exchanged).toEqual([]);
    expect(protocols).toEqual([['covis', `key.${OTHERS.key}`]]);
  });

  it('with a word that is used up keeps what it had', async () => {
    history.replaceState(null, '', `/#enter=${'w'.repeat(24)}`);
    localStorage.setItem('covis-keys', JSON.stringify(OTHERS));
    answer = () => Promise.resolve(new Response('', { status: 401 }));
    const { entrance } = await modules();
    expect((await entrance.enterOnce()).keys).toEqual(OTHERS);
    expect(location.hash).toBe('');
  });

  it('without any keys still tries, so that the server says that it does not know the page', async () => {
    localStorage.setItem('covis-keys', '{"key":"short"}');
    const { entrance } = await modules();
    expect((await entrance.enterOnce()).keys).toBeUndefined();
    expect(protocols).toEqual([[]]);
  });

  it('happens once, and the page goes on over the connection that was begun', async () => {
    history.replaceState(null, '', `/#enter=${'w'.repeat(24)}`);
    const { entrance, transport } = await modules();
    await entrance.enterOnce();
    await settled();
    await transport.enter();
    expect(await transport.request('jobs.list', {})).toEqual([]);
    expect(exchanged).toHaveLength(1);
    expect(FakeSocket.all).toHaveLength(1);
    expect(transport.assetUrl('photo/1')).toBe(`/${KEYS.photos}/asset/photo/1`);
  });
});
