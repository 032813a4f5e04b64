import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const library = join(folder, 'library');

function covis(...args: string[]): { status: number | null; stdout: string; stderr: string; json: never } {
  const r = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { encoding: 'utf8' });
  return {
    ...r,
    get json() {
      return JSON.parse(r.stdout) as never;
    },
  };
}

describe('the command line', () => {
  let report: Record<string, never>;
  beforeAll(() => {
    const sources = ['castle', 'pagoda', 'lighthouse', 'windmill', 'townhouse'].map((n) => join(SAMPLE, n));
    const r = covis(
      'run',
      ...sources,
      '--library',
      library,
      '--epochs',
      '1',
      '--tuples',
      '8',
      '--size',
      '128',
      '--json',
    );
    expect(r.stderr).toMatch(/Training, epoch 1 of 1: 8 tuples/);
    report = r.json;
  }, 120_000);

  it('run: keeps its contract', () => {
    expect(report).toMatchObject({
      photos: 65,
      clusters: 5,
      pairs: expect.any(Number),
      tuples: 208,
      network: expect.stringMatching(/^[0-9a-f]{16}$/),
      evaluation: {
        protocol: expect.stringContaining('new photos of known places'),
        queries: expect.any(Number),
        before: { map: expect.any(Number) },
        after: { map: expect.any(Number) },
      },
      seconds: {
        import: expect.any(Number),
        extract: expect.any(Number),
        mine: expect.any(Number),
        train: expect.any(Number),
        evaluate: expect.any(Number),
      },
    });
  });

  it('clusters, search, evaluate, mine: one JSON object each', () => {
    expect(covis('clusters', library, '--json').json).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          id: expect.any(String),
          name: 'castle',
          photos: 13,
          points: expect.any(Number),
          observations: expect.any(Number),
          meanReprojectionError: 0,
        }),
      ]),
    );
    const hits = covis(
      'search',
      library,
      '--query',
      join(SAMPLE, 'castle', 'images', 'castle_03.jpg'),
      '--top',
      '3',
      '--size',
      '128',
      '--json',
    ).json as { photo: string; cluster: string; score: number }[];
    expect(hits.length).toBe(3);
    expect(hits[0]).toMatchObject({ photo: 'castle_03.jpg', cluster: 'castle' });
    expect(hits[0]!.score).toBeCloseTo(1, 4);
    expect(covis('evaluate', library, '--size', '128', '--json').json).toMatchObject({
      map: expect.any(Number),
      protocol: expect.any(String),
    });
    expect(covis('mine', library, '--queries', '7', '--size', '128', '--json').json).toMatchObject({ tuples: 7 });
  });

  it('export: a network that search takes back, descriptors, tuples', () => {
    const network = join(folder, 'net.onnx');
    expect(
      covis('export', library, '--what', 'network', '--network', String(report['network']), '--out', network, '--json')
        .json,
    ).toMatchObject({ items: 1 });
    expect(covis('extract', library, '--network', network, '--size', '128', '--json').json).toMatchObject({
      network: report['network'],
      computed: 0,
    });
    covis('export', library, '--what', 'descriptors', '--size', '128', '--out', join(folder, 'x.npy'));
    expect(readNpy(join(folder, 'x.npy')).shape).toEqual([65, 256]);
    expect(readFileSync(join(folder, 'x.txt'), 'utf8').trim().split('\n').length).toBe(65);
    covis('export', library, '--what', 'tuples', '--out', join(folder, 't.jsonl'));
    const lines = readFileSync(join(folder, 't.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({
      query: expect.any(String),
      positive: expect.any(String),
      negatives: expect.any(Array),
    });
  });

  it('mine: every strategy, as JSON and as lines of tuples', () => {
    for (const [positives, negatives] of [
      ['m1', 'hardest'],
      ['m2', 'one-per-cluster'],
      ['m3', 'random'],
    ] as const) {
      const out = join(folder, `${positives}.jsonl`);
      const r = covis(
        'mine',
        library,
        '--positives',
        positives,
        '--negatives',
        negatives,
        '--count',
        '2',
        '--queries',
        '6',
        '--network',
        'default',
        '--size',
        '128',
        '--seed',
        '3',
        '--out',
        out,
        '--json',
      );
      expect(r.json).toMatchObject({
        run: expect.any(Number),
        tuples: expect.any(Number),
        queries: expect.any(Number),
        meanNegativeDistance: expect.any(Number),
      });
      const lines = readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l) as Record<string, unknown>);
      expect(lines.length).toBe((r.json as { tuples: number }).tuples);
      for (const l of lines) {
        expect(Object.keys(l)).toEqual(
          expect.arrayContaining([
            'query',
            'positive',
            'negatives',
            'sharedPoints',
            'overlap',
            'scaleChange',
            'similarities',
          ]),
        );
        expect((l['negatives'] as unknown[]).length).toBe(2);
        expect(l['strategies']).toContain(positives);
      }
    }
    expect(covis('mine', library, '--negatives', '5').stderr).toMatch(/How many is said with --count/);
  });

  it('mine: raw descriptors on their manifold', () => {
    covis(
      'export',
      library,
      '--format',
      'descriptors',
      '--network',
      'default',
      '--size',
      '128',
      '--out',
      join(folder, 'raw.npy'),
    );
    const out = join(folder, 'pools.jsonl');
    const r = covis(
      'mine',
      '--descriptors',
      join(folder, 'raw.npy'),
      '--strategy',
      'manifold',
      '--k',
      '8',
      '--positives-k',
      '6',
      '--negatives-k',
      '20',
      '--anchors',
      'all',
      '--out',
      out,
      '--json',
    );
    const pools = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map(
        (l) =>
          JSON.parse(l) as {
            anchor: number;
            positives: { index: number; similarity: number }[];
            negatives: { index: number; similarity: number }[];
          },
      );
    expect(r.json).toMatchObject({ descriptors: 65, pools: pools.length });
    for (const p of pools) {
      for (const m of [...p.positives, ...p.negatives]) expect(m.index).not.toBe(p.anchor);
      expect(p.positives.every((m) => !p.negatives.some((n) => n.index === m.index))).toBe(true);
    }
    expect(covis('mine', '--descriptors', join(folder, 'raw.npy'), '--out', out).stderr).toMatch(/--strategy manifold/);
  });

  it('decide: one, many at once, undone, and mining holds to it', () => {
    const mined = (): { query: string; positive: string }[] => {
      const out = join(folder, 'decided.jsonl');
      covis(
        'mine',
        library,
        '--positives',
        'm2',
        '--queries',
        '50',
        '--network',
        'default',
        '--size',
        '128',
        '--out',
        out,
        '--force',
      );
      return readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l) as { query: string; positive: string });
    };
    const [a, b] = mined();
    const lines = [a!, b!]
      .map((t) => JSON.stringify({ query: t.query, other: t.positive, verdict: 'reject' }))
      .join('\n');
    writeFileSync(join(folder, 'decisions.jsonl'), lines);
    expect(covis('decide', library, '--from', join(folder, 'decisions.jsonl'), '--json').json).toMatchObject({
      decisions: 2,
    });
    const has = (t: { query: string; positive: string }): boolean =>
      mined().some((x) => x.query === t.query && x.positive === t.positive);
    expect(has(a!)).toBe(false);
    expect(covis('decide', library, '--undo', '--json').json).toMatchObject({ undone: '2 decisions from a file' });
    expect(has(b!)).toBe(true);
    expect(covis('decide', library, '--query', 'nobody', '--other', a!.query, '--verdict', 'reject').stderr).toMatch(
      /no single photo nobody/,
    );
    expect((covis('decide', library, '--log', '--json').json as { kind: string }[]).map((l) => l.kind)).toEqual([
      'do',
      'undo',
    ]);
  });

  it.each(['retrieval-sfm', 'gnd', 'hloc-pairs', 'csv', 'jsonl', 'parquet'])('export: %s', (format) => {
    const out = join(folder, `as-${format}`);
    const r = covis('export', library, '--format', format, '--out', out, '--json').json as {
      items: number;
      files: string[];
    };
    expect(r.items).toBeGreaterThan(0);
    expect(r.files.every((f) => existsSync(f) && f.startsWith(out))).toBe(true);
  });

  it('import of a bad file: exit code 1, code, file and offset, and nothing changes', () => {
    const bad = join(folder, 'bad');
    cpSync(join(SAMPLE, 'pagoda'), bad, { recursive: true });
    truncateSync(join(bad, 'sparse', '0', 'images.bin'), 5000);
    const before = covis('clusters', library, '--json').stdout;
    const r = covis('import', library, bad, '--json');
    expect(r.status).toBe(1);
    expect(r.json).toMatchObject({
      error: {
        code: expect.stringMatching(/^INPUT_/),
        message: expect.any(String),
        file: join(bad, 'sparse', '0', 'images.bin'),
        offset: expect.any(Number),
      },
    });
    expect(covis('clusters', library, '--json').stdout).toBe(before);
  });

  it('import: keeps its contract', () => {
    expect(covis('import', join(folder, 'other'), join(SAMPLE, 'arch'), '--json').json).toMatchObject({
      photos: 13,
      missing: [],
      clusters: 1,
      points: expect.any(Number),
      observations: expect.any(Number),
      warnings: [],
    });
  });

  it('import, run, cluster, adapt: leave no library where there is nothing to make it of', () => {
    const [empty, phone] = [join(folder, 'empty'), join(folder, 'phone')];
    for (const made of [empty, phone]) mkdirSync(made);
    writeFileSync(join(phone, 'IMG_1.HEIC'), 'no photo that is read');
    const none = 'STATE_EMPTY';
    for (const [code, says, ...args] of [
      ['INPUT_MISSING', 'does not exist', 'import', join(folder, 'new'), join(folder, 'gone')],
      ['INPUT_MISSING', 'No model and no photo', 'run', empty, '--library', join(folder, 'new')],
      [none, '1 of HEIC cannot be read', 'cluster', phone, '--library', join(folder, 'new')],
      [none, 'has no photos', 'adapt', join(folder, 'new'), '--photos', empty],
    ] as const) {
      const r = covis(...args, '--json');
      expect(r.status, args.join(' ')).toBe(1);
      expect(r.json).toMatchObject({ error: { code, message: expect.stringContaining(says) } });
      expect(existsSync(join(folder, 'new')), args.join(' ')).toBe(false);
    }
  });

  it('doctor: says which device really answered', () => {
    const r = covis('doctor', '--json').json as {
      node: { version: string };
      backends: { backend: string; device: string | null }[];
    };
    expect(r.node.version).toMatch(/^v2\d/);
    expect(r.backends.find((b) => b.backend === 'cpu')?.device).toMatch(/^CPU/);
  });

  it('every command has help, and wrong use fails', () => {
    for (const c of [
      'init',
      'import',
      'clusters',
      'extract',
      'mine',
      'train',
      'search',
      'evaluate',
      'export',
      'run',
      'serve',
      'open',
      'doctor',
    ]) {
      const r = covis(c, '--help');
      expect([r.status, r.stdout.includes('--json')], c).toEqual([0, true]);
    }
    expect(covis('nonsense').status).toBe(1);
    expect(covis('clusters', join(folder, 'nowhere')).status).toBe(1);
    expect(covis('train', library, '--epochs', 'many', '--json').json).toMatchObject({
      error: { code: 'INPUT_INVALID' },
    });
  });
});
