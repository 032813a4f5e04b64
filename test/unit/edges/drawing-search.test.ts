import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LibraryInfo } from '../../../src/shared/domain.ts';
import { edgeNetworkFrom, edgeNetworkOf } from '../../../src/main/engine/edges/library-networks.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { defaultNetworkOf } from '../../../src/main/engine/network/networks.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
/** A windmill: a tapered tower with a cap and four sails. */
const WINDMILL = Buffer.from(
  JSON.stringify({
    drawing: [
      [
        [38, 43, 57, 62, 38],
        [95, 45, 45, 95, 95],
      ],
      [
        [43, 50, 57],
        [45, 36, 45],
      ],
      [
        [20, 80],
        [15, 75],
      ],
      [
        [80, 20],
        [15, 75],
      ],
    ],
  }),
);

describe('searching a library by drawing', () => {
  let library: Library;
  let session: SearchSession;
  beforeAll(async () => {
    library = await smallLibrary(join(folder, 'library'));
    session = new SearchSession(library);
  });
  afterAll(async () => {
    await session.close();
    library.close();
  });

  it('says what is missing before there is a network for drawings', async () => {
    expect(await session.edges({})).toBeNull();
    await expect(session.search({ drawing: WINDMILL, method: 'cosine', top: 5 })).rejects.toMatchObject({
      code: 'STATE_EMPTY',
      hint: expect.stringContaining('--domain edges'),
    });
  });

  it('finds the drawn thing among the first ten, and shows what the network saw', async () => {
    const r = await WORK.extract.run(library, { domain: 'edges' }, silentContext());
    expect(r.size).toBe(227);
    const answer = await session.search({ drawing: WINDMILL, method: 'cosine', top: 10 });
    expect(answer.hits.map((h) => h.clusters[0]?.name)).toContain('windmill');
    expect(answer.hits.every((h) => h.relation === 'unknown')).toBe(true);
    for (const filtered of [false, true]) {
      const png = await session.sight({ drawing: WINDMILL, filtered });
      const { width, height, channels } = await sharp(png).metadata();
      expect([Math.max(width, height), channels]).toEqual([227 + 60, 1]);
      expect((await sharp(await session.sight({ photo: answer.hits[0]!.photo, filtered })).metadata()).format).toBe(
        'png',
      );
    }
    expect(await session.edges({})).toMatchObject({
      network: r.network,
      detector: 'covis-edges-1',
      filter: { gain: 60, slope: 500 },
      described: 65,
      photos: 65,
    });
  });

  it('does not take the place of the network of photos', () => {
    expect(defaultNetworkOf(library).spec.edges).toBeUndefined();
  });

  it('ranks by diffusion, too, and mixes with a photo by a weight', async () => {
    const diffused = await session.search({ drawing: WINDMILL, method: 'cg', top: 10 });
    expect(diffused.hits).toHaveLength(10);
    await extract(library, defaultNetworkOf(library), 320, silentContext());
    const bytes = readFileSync(join(SAMPLE, 'pagoda', 'images', 'pagoda_01.jpg'));
    const mixed = (photoWeight: number): Promise<string[]> =>
      session
        .search({ drawing: WINDMILL, bytes, photoWeight, method: 'cosine', top: 20 })
        .then((a) => a.hits.map((h) => h.photo));
    const [none, half, whole] = [await mixed(0), await mixed(0.5), await mixed(1)];
    expect(none).toEqual(
      (await session.search({ drawing: WINDMILL, method: 'cosine', top: 20 })).hits.map((h) => h.photo),
    );
    expect(whole).toEqual((await session.search({ bytes, method: 'cosine', top: 20 })).hits.map((h) => h.photo));
    const overlap = (a: string[], b: string[]): number => a.filter((x) => b.includes(x)).length;
    expect(overlap(half, none)).toBeGreaterThan(overlap(whole, none));
    expect(overlap(half, whole)).toBeGreaterThan(overlap(none, whole));
  });

  it('searches with a photo by its shape, and with a part of it', async () => {
    const network = (await edgeNetworkOf(library, undefined)).uid;
    const photo = library.db.prepare('SELECT hash FROM photo LIMIT 1').pluck().get() as string;
    const whole = await session.search({ photo, network, method: 'cosine', top: 5 });
    expect(whole.hits[0]).toMatchObject({ photo, relation: 'query' });
    const part = await session.search({
      photo,
      network,
      crop: { x: 0.2, y: 0.1, width: 0.6, height: 0.8 },
      method: 'cosine',
      top: 5,
    });
    expect(part.hits).toHaveLength(5);
    await expect(session.explain({ photo, hit: photo, network })).rejects.toThrow(/whole edge maps/);
  });

  it('answers a page through its routes, and refuses nothing drawn', async () => {
    const path = library.path;
    const engine = new Engine();
    const info: LibraryInfo = await engine.open(path);
    expect(info.networks.some((n) => n.edges !== undefined)).toBe(true);
    const drawing = engine.upload(WINDMILL);
    const reply = await engine.dispatch('search.run', { drawing, top: 3 }, 'page');
    expect(reply).toMatchObject({ ok: true, data: { hits: { length: 3 } } });
    const asset = await engine.asset(`sketch/${drawing}`, new URLSearchParams('filtered=1'));
    expect(asset.type).toBe('image/png');
    const blank = await sharp({ create: { width: 50, height: 50, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const empty = await engine.dispatch('search.run', { drawing: engine.upload(blank), top: 3 }, 'page');
    expect(empty).toMatchObject({
      ok: false,
      error: { code: 'INPUT_INVALID', message: expect.stringContaining('empty') },
    });
    expect(await engine.dispatch('search.run', { drawing: 'ab'.repeat(16), top: 3 }, 'page')).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
    expect(await engine.dispatch('library.open', { path: '/' }, 'page')).toMatchObject({
      ok: false,
      error: { code: 'FORBIDDEN_SENDER' },
    });
    await engine.close();
  });

  it('makes an edge network of any photo network once', async () => {
    const a = await edgeNetworkFrom(library, 'default', { pooling: 'mac' });
    const b = await edgeNetworkFrom(library, 'default', { pooling: 'mac' });
    expect(a.uid).toBe(b.uid);
    expect(a.spec.name).toMatch(/EdgeMAC/);
  });
});
