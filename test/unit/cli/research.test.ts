import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

function covis(...args: string[]): { status: number | null; json: Record<string, unknown>; stderr: string } {
  const r = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args, '--json'], { encoding: 'utf8' });
  return { status: r.status, stderr: r.stderr, json: JSON.parse(r.stdout || '{}') as Record<string, unknown> };
}

describe('research on raw matrices', () => {
  beforeAll(() => {
    const r = random(1);
    const centres = Array.from({ length: 8 * 16 }, () => r.between(-1, 1));
    const make = (rows: number): Float32Array =>
      Float32Array.from(
        { length: rows * 16 },
        (_, i) => 3 * (centres[(Math.floor(i / 16) % 8) * 16 + (i % 16)]! + 0.5 * r.between(-1, 1)),
      );
    writeNpy(at('x.npy'), make(200), [200, 16]);
    writeNpy(at('q.npy'), make(8), [8, 16]);
    writeNpy(
      at('far.npy'),
      make(40).map((v) => -v),
      [40, 16],
    );
    const images = Array.from({ length: 200 }, (_, i) => `i${i}`);
    const gnd = Array.from({ length: 8 }, (_, q) => ({
      ok: images.flatMap((_, i) => (i % 8 === q ? [i] : [])),
      junk: [],
    }));
    writeFileSync(at('gnd.json'), JSON.stringify({ imlist: images, qimlist: gnd.map((_, q) => `q${q}`), gnd }));
  });

  it('rank: keeps its contract, whatever the length of the rows', () => {
    for (const [method, ...options] of [
      ['cosine'],
      ['alpha-qe'],
      ['cg', '--k', '20'],
      ['fsr', '--k', '20', '--rank', '30'],
      ['hybrid', '--k', '20', '--rank', '30'],
      ['offline', '--k', '20'],
    ] as const) {
      const r = covis(
        'rank',
        '--database',
        at('x.npy'),
        '--queries',
        at('q.npy'),
        '--method',
        method,
        ...options,
        '--out',
        at(`${method}.npy`),
        '--scores',
        at('s.npy'),
        '--force',
      );
      expect(r.json).toMatchObject({
        method,
        parameters: expect.any(Object),
        offlineMs: expect.any(Number),
        msPerQuery: expect.any(Number),
        nodes: 200,
        edges: expect.any(Number),
      });
      const ranks = readNpy(at(`${method}.npy`));
      expect(ranks.shape).toEqual([8, 200]);
      expect(ranks.data).toBeInstanceOf(Int32Array);
      expect(readNpy(at('s.npy')).shape).toEqual([8, 200]);
      const e = covis('evaluate', '--ranks', at(`${method}.npy`), '--gnd', at('gnd.json'), '--protocol', 'oxford')
        .json as unknown as {
        map: number;
        mpAtK: Record<string, number>;
        queries: number;
        perQuery: { ap: number }[];
      };
      expect(e.map).toBeGreaterThan(0.9);
      expect(e.queries).toBe(8);
      expect(e.perQuery.reduce((s, q) => s + q.ap, 0) / 8).toBeCloseTo(e.map, 10);
      expect(Object.keys(e.mpAtK)).toEqual(['1', '5', '10']);
    }
  }, 60_000);

  it('evaluate: compares two rankings, reads the layout of revisitop, allows distractors', () => {
    const two = covis('evaluate', '--ranks', at('cosine.npy'), '--against', at('cg.npy'), '--gnd', at('gnd.json'));
    expect(two.json).toMatchObject({ paired: { queries: 8, p: expect.any(Number), difference: expect.any(Number) } });
    const ranks = readNpy(at('cosine.npy'));
    const turned = new Int32Array(ranks.data.length);
    for (let q = 0; q < 8; q += 1) for (let j = 0; j < 200; j += 1) turned[j * 8 + q] = ranks.data[q * 200 + j]!;
    writeNpy(at('turned.npy'), turned, [200, 8]);
    const straight = covis('evaluate', '--ranks', at('cosine.npy'), '--gnd', at('gnd.json'));
    expect(covis('evaluate', '--ranks', at('turned.npy'), '--gnd', at('gnd.json')).json['map']).toBe(
      straight.json['map'],
    );
    covis(
      'rank',
      '--database',
      at('x.npy'),
      '--queries',
      at('q.npy'),
      '--distractors',
      at('far.npy'),
      '--out',
      at('more.npy'),
    );
    expect(readNpy(at('more.npy')).shape).toEqual([8, 240]);
    expect(covis('evaluate', '--ranks', at('more.npy'), '--gnd', at('gnd.json')).json).toMatchObject({
      error: { code: 'INPUT_INVALID', hint: expect.stringContaining('--distractors') },
    });
    expect(
      covis('evaluate', '--ranks', at('more.npy'), '--gnd', at('gnd.json'), '--distractors', '40').json['map'],
    ).toBe(straight.json['map']);
  }, 60_000);

  it('rank: the approximate index is built once and says its recall; local features of hloc verify the first', () => {
    const index = at('x.usearch');
    for (let run = 0; run < 2; run += 1) {
      const r = covis(
        'rank',
        '--database',
        at('x.npy'),
        '--queries',
        at('q.npy'),
        '--method',
        'ann',
        '--index',
        index,
        '--top',
        '10',
        '--out',
        at('ann.npy'),
        '--force',
      );
      expect(r.json['recallAt10'] as number).toBeGreaterThan(0.9);
    }
    expect(existsSync(index)).toBe(true);
    writeNpy(at('three.npy'), Float32Array.of(1, 0, 0.8, 0.6, 0.9, 0.3), [3, 2]);
    writeNpy(at('one.npy'), Float32Array.of(1, 0.01), [1, 2]);
    writeFileSync(at('names.txt'), '0.jpg\n1.jpg\n2.jpg\n');
    writeFileSync(at('qnames.txt'), 'q.jpg\n');
    const local = join(import.meta.dirname, '../../fixtures/descriptors/local.h5');
    const plain = ['rank', '--database', at('three.npy'), '--queries', at('one.npy'), '--out', at('v.npy'), '--force'];
    covis(...plain);
    expect(Array.from(readNpy(at('v.npy')).data)).toEqual([0, 2, 1]);
    const r = covis(...plain, '--local', local, '--names', at('names.txt'), '--query-names', at('qnames.txt'));
    expect(r.json).toMatchObject({ verified: { photos: 100 } });
    expect(readNpy(at('v.npy')).data[0]).toBe(1);
    expect(covis(...plain, '--local', local).json).toMatchObject({
      error: { message: expect.stringContaining('--names') },
    });
  }, 60_000);

  it('rank: bad input is named and nothing is written', () => {
    const zero = Float32Array.from(readNpy(at('x.npy')).data);
    zero.fill(0, 32, 48);
    writeNpy(at('zero.npy'), zero, [200, 16]);
    zero[40] = Number.NaN;
    writeNpy(at('nan.npy'), zero, [200, 16]);
    writeNpy(at('narrow.npy'), new Float32Array(24).fill(1), [8, 3]);
    const out = at('never.npy');
    for (const [database, queries, message] of [
      ['zero.npy', 'q.npy', /Row 2 .* zeros/],
      ['nan.npy', 'q.npy', /Row 2 .* finite/],
      ['x.npy', 'narrow.npy', /3 dimensions/],
    ] as const) {
      const r = covis('rank', '--database', at(database), '--queries', at(queries), '--out', out);
      expect(r.status).toBe(1);
      expect((r.json['error'] as { message: string }).message).toMatch(message);
      expect(existsSync(out)).toBe(false);
    }
    expect(
      covis('rank', '--database', at('x.npy'), '--queries', at('q.npy'), '--method', 'magic', '--out', out).json,
    ).toMatchObject({ error: { code: 'INPUT_INVALID' } });
    for (const [option, message] of [
      [['--rank', '30'], 'The method cg does not read --rank: it reads --k, --kq, '],
      [['--k', '0'], '--k takes a whole number from 1 to 10000, not 0'],
      [['--alpha', '1'], '--alpha takes a number above 0 '],
    ] as const) {
      const r = covis(
        ...['rank', '--database', at('x.npy'), '--queries', at('q.npy'), '--method', 'cg', '--out', out],
        ...option,
      );
      expect(r.json).toMatchObject({ error: { code: 'INPUT_INVALID', message: expect.stringContaining(message) } });
      expect(existsSync(out)).toBe(false);
    }
    writeNpy(
      at('twice.npy'),
      Int32Array.from({ length: 16 }, () => 1),
      [8, 2],
    );
    expect(covis('evaluate', '--ranks', at('twice.npy'), '--gnd', at('gnd.json')).json).toMatchObject({
      error: { message: expect.stringContaining('twice') },
    });
  }, 60_000);
});

describe('descriptor sets and protocols of a library', () => {
  const library = at('library');
  beforeAll(() => {
    covis(
      'import',
      library,
      ...['castle', 'pagoda', 'lighthouse', 'windmill', 'townhouse'].map((n) => join(SAMPLE, n)),
    );
    covis('extract', library, '--size', '160');
  }, 60_000);

  it('evaluate: the benchmark without annotation', () => {
    const r = covis('evaluate', library, '--size', '160', '--protocol', 'sfm-medium', '--method', 'alpha-qe');
    expect(r.json).toMatchObject({
      network: expect.stringMatching(/^[0-9a-f]{16}$/),
      method: 'alpha-qe',
      map: expect.any(Number),
      perQuery: expect.any(Array),
      protocol: expect.stringContaining('at least 3 points'),
      byDifficulty: { medium: expect.any(Number) },
    });
  }, 30_000);

  it('descriptors of another program are imported, searched, measured, and known to be stale', () => {
    covis('export', library, '--what', 'descriptors', '--size', '160', '--out', at('d.npy'));
    const imported = covis('descriptors', library, at('d.npy'), '--half', '--name', 'mine');
    expect(imported.json).toMatchObject({ photos: 65, rows: 65, dim: 256, unknown: 0 });
    const set = imported.json['set'] as string;
    const list = (): { key: string; half: boolean; stale: string | null }[] =>
      covis('descriptors', library).json as unknown as { key: string; half: boolean; stale: string | null }[];
    expect(list().find((s) => s.key === set)).toMatchObject({ half: true, stale: null });
    expect(covis('evaluate', library, '--set', set, '--protocol', 'sfm-medium').json).toMatchObject({
      set: 'mine',
      network: null,
    });
    writeNpy(at('d.npy'), new Float32Array(65 * 256).fill(1), [65, 256]);
    expect(list().find((s) => s.key === set)!.stale).toMatch(/changed/);
    writeFileSync(at('d.txt'), 'stranger\n'.repeat(65));
    expect(covis('descriptors', library, at('d.npy')).json).toMatchObject({
      error: { message: expect.stringContaining('None of the 65 names') },
    });
    expect(covis('descriptors', library, '--remove', set).json).toEqual({ removed: set });
    expect(list().some((s) => s.key === set)).toBe(false);
  }, 60_000);

  it('a ground truth of names is laid over the photos; what is missing is said', () => {
    const names = Array.from({ length: 12 }, (_, i) => `castle_${String(i + 1).padStart(2, '0')}`);
    writeFileSync(
      at('own.json'),
      JSON.stringify({
        imlist: [...names, 'absent'],
        qimlist: ['castle_01'],
        gnd: [{ ok: names.slice(1), junk: [], bbx: [20, 20, 460, 340] }],
      }),
    );
    const r = covis('evaluate', library, '--size', '160', '--gnd', at('own.json'), '--protocol', 'holidays');
    expect(r.stderr).toContain('1 of 13 images');
    expect(r.json).toMatchObject({ queries: 1, map: expect.any(Number) });
    expect(r.json['map'] as number).toBeGreaterThan(0.5);
  }, 30_000);

  it('search: a part of a photo by regions names the box that matched', () => {
    const regions = covis('descriptors', library, '--regions', '--size', '160');
    expect(regions.json).toMatchObject({ photos: 65, dim: 256 });
    const query = join(SAMPLE, 'pagoda', 'images', 'pagoda_03.jpg');
    const hits = covis(
      'search',
      library,
      '--query',
      query,
      '--set',
      regions.json['set'] as string,
      '--crop',
      '0.3,0.2,0.4,0.5',
      '--top',
      '3',
    ).json as unknown as {
      cluster: string;
      box: object;
      device: string;
    }[];
    expect(hits[0]!.cluster).toBe('pagoda');
    expect(hits.map((h) => h.device)).toEqual(hits.map(() => 'ONNX Runtime, CPU'));
    expect(hits[0]!.box).toMatchObject({ x: expect.any(Number), width: expect.any(Number) });
    expect(readFileSync(query).length).toBeGreaterThan(0);
    expect(covis('search', library, '--query', query, '--crop', '2,0,1,1').json).toMatchObject({
      error: { code: 'INPUT_INVALID' },
    });
  }, 60_000);
});
