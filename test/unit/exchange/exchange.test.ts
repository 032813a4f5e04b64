import { parquetReadObjects } from 'hyparquet';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvRecords } from '../../../src/main/engine/exchange/csv-records.ts';
import { EXPORTERS, exportLibrary } from '../../../src/main/engine/exchange/exports/index.ts';
import { verifyExport, type Written } from '../../../src/main/engine/exchange/exports/exporter.ts';
import { importPairs, isPairList } from '../../../src/main/engine/exchange/import-pairs.ts';
import { imsPath } from '../../../src/main/engine/exchange/pair-list.ts';
import { readPairLists } from '../../../src/main/engine/exchange/pair-readers/retrieval-sfm.ts';
import { photoNames } from '../../../src/main/engine/exchange/photo-names.ts';
import { parsePickle } from '../../../src/main/engine/formats/pickle.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { readTuples } from '../../../src/main/engine/mining/tuples.ts';
import { clusterDetail, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { EXPORT_FORMATS, EXPORTS, type ExportFormat } from '../../../src/shared/exports/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (...name: string[]): string => join(folder, ...name);
const task = silentContext();
let library: Library;
let run: number;
beforeAll(async () => {
  library = await smallLibrary(at('library'));
  ({ run } = await WORK.mine.run(library, { size: 96, mining: { queries: 20 } }, task));
}, 60_000);
afterAll(() => library.close());

const idOf = (hash: string): number =>
  library.db.prepare('SELECT id FROM photo WHERE hash = ?').pluck().get(hash) as number;
const listScenes = (): { name: string; images: string }[] =>
  library.db.prepare('SELECT name, images FROM scene').all() as { name: string; images: string }[];
const exportAll = (out: string): ReturnType<typeof exportLibrary> =>
  exportLibrary(library, { format: 'retrieval-sfm', out }, task);

describe('pickles that Covis writes', () => {
  const value = {
    a: [1, -5, 70_000, 2 ** 40, -(2 ** 35), 0.25, null, true, false, 'ü 日本', ''],
    b: { c: [], d: {} },
    long: Array.from({ length: 2500 }, (_, i) => i),
  };
  it('are read back by its own reader', () => {
    const read = parsePickle(writePickle(value), 'test') as Map<string, unknown>;
    expect(Array.from(read.get('a') as unknown[], (x) => (typeof x === 'bigint' ? Number(x) : x))).toEqual(value.a);
    expect(read.get('long')).toEqual(value.long);
    expect((read.get('b') as Map<string, unknown>).get('c')).toEqual([]);
  });

  describeWith(['numpy'], 'in Python', () => {
    it('are the same values', () => {
      writeFileSync(at('v.pkl'), writePickle(value));
      const r = spawnSync(
        '/usr/bin/python3',
        ['-c', `import pickle, json; print(json.dumps(pickle.load(open(${JSON.stringify(at('v.pkl'))}, 'rb'))))`],
        { encoding: 'utf8' },
      );
      expect(JSON.parse(r.stdout)).toEqual(value);
    });
  });
});

describe('a retrieval-SfM data set', () => {
  it('has pairs of one cluster, no photo paired with itself, held-out places in val, and photos where the trainer looks', async () => {
    const out = at('retrieval-SfM-test');
    const r = await exportAll(out);
    expect(r.files).toEqual([join(out, 'retrieval-SfM-test.pkl'), join(out, 'ims')]);
    const lists = readPairLists(r.files[0]!);
    const split = splitPlaces(library, 0);
    for (const [side, photos] of [
      ['train', split.training],
      ['val', split.heldOut],
    ] as const) {
      const l = lists[side];
      expect(l.qidxs.length).toBeGreaterThan(0);
      l.qidxs.forEach((q, i) => {
        expect(q).not.toBe(l.pidxs[i]);
        expect(l.cluster[q]).toBe(l.cluster[l.pidxs[i]!]);
      });
      for (const cid of l.cids) {
        expect(cid).toMatch(/^[0-9a-f]{32}$/);
        expect(photos.has(idOf(cid))).toBe(true);
        expect(existsSync(join(out, 'ims', imsPath(cid)))).toBe(true);
      }
    }
    expect(lists.train.cluster.some((c) => lists.val.cluster.includes(c))).toBe(false);
    expect(imsPath('0590b47980c41f08fd0dbf8dbbd73033')).toBe(
      join('33', '30', 'd7', '0590b47980c41f08fd0dbf8dbbd73033'),
    );
    expect(lstatSync(join(out, 'ims', imsPath(lists.train.cids[0]!))).isSymbolicLink()).toBe(true);
  });

  it('leaves out what was refused and joins places of one object', async () => {
    const before = readPairLists((await exportAll(at('before'))).files[0]!).train;
    const [q, p] = [before.cids[before.qidxs[0]!]!, before.cids[before.pidxs[0]!]!];
    const other = before.cids.findIndex((_, i) => before.cluster[i] !== before.cluster[before.qidxs[0]!]);
    const made = Library.open(at('library'));
    decide(made, 'x', [
      { query: idOf(q), other: idOf(p), aspect: 'positive', verdict: 'reject' },
      { query: idOf(q), other: idOf(before.cids[other]!), aspect: 'negative', verdict: 'same-object' },
    ]);
    const after = readPairLists((await exportAll(at('after'))).files[0]!).train;
    const pairs = after.qidxs.map((a, i) => [after.cids[a], after.cids[after.pidxs[i]!]].sort().join());
    expect(pairs).not.toContain([q, p].sort().join());
    expect(after.cluster[other]).toBe(after.cluster[before.qidxs[0]!]);
    expect(before.cluster[other]).not.toBe(before.cluster[before.qidxs[0]!]);
    made.close();
  });

  it('becomes a library again: clusters and pairs without 3D, val held out, mined and trained on', async () => {
    const out = at('retrieval-SfM-back');
    const file = (await exportAll(out)).files[0]!;
    const lists = readPairLists(file);
    const again = Library.create(at('again'));
    const report = await importPairs(again, file, undefined, task);
    expect(report).toMatchObject({ points: 0, missing: [], warnings: [] });
    expect(report.pairs).toBe(lists.train.qidxs.length + lists.val.qidxs.length);
    expect(report.photos).toBe(lists.train.cids.length + lists.val.cids.length);
    const clusters = listClusters(again);
    expect(clusters.length).toBe(new Set([...lists.train.cluster, ...lists.val.cluster]).size);
    const detail = clusterDetail(again, clusters[0]!.id);
    expect(detail.modelled).toBe(false);
    expect(detail.photos).toBe(detail.views.length);
    for (const seed of [0, 1, 2]) {
      const split = splitPlaces(again, seed);
      expect(split.separate).toBe(true);
      expect(split.training.size).toBe(lists.train.cids.length);
      expect(split.heldOut.size).toBe(lists.val.cids.length);
    }
    const mined = await WORK.mine.run(again, { size: 96, mining: { queries: 30 } }, task);
    const given = new Set(
      lists.train.qidxs.map((q, i) => `${lists.train.cids[q]} ${lists.train.cids[lists.train.pidxs[i]!]}`),
    );
    for (const t of readTuples(
      again,
      mined.run,
      Array.from({ length: mined.tuples }, (_, i) => i),
    )) {
      expect(given.has(`${t.query} ${t.positive}`)).toBe(true);
      expect(t.strategies & 8).toBe(8);
      expect(t.negatives.every((n) => n.cluster !== t.cluster)).toBe(true);
    }
    // The same again changes nothing.
    const count = again.db.prepare('SELECT COUNT(*) FROM view').pluck().get();
    await importPairs(again, file, undefined, task);
    expect(again.db.prepare('SELECT COUNT(*) FROM view').pluck().get()).toBe(count);
    again.close();
  }, 60_000);

  it('comes in without its photos, which are counted', async () => {
    const empty = Library.create(at('empty'));
    const cids = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)];
    writeFileSync(
      at('bare.pkl'),
      writePickle({
        train: { cids, cluster: [4, 4, 9], qidxs: [0, 1, 0], pidxs: [1, 1, 2] },
        val: { cids: [], cluster: [], qidxs: [], pidxs: [] },
      }),
    );
    const report = await importPairs(empty, at('bare.pkl'), undefined, task);
    expect(report).toMatchObject({ photos: 0, clusters: 2, pairs: 1 });
    expect(report.missing).toEqual(cids);
    expect(report.warnings.join('\n')).toMatch(
      /3 of 3 photos are not below.*\n1 pairs of a photo with itself.*\n1 pairs of different clusters/,
    );
    empty.close();
  });

  it.each([
    ['a path as an id', { cids: ['../../etc/passwd'], cluster: [1], qidxs: [], pidxs: [] }, /cids holds \.\.\/\.\./],
    ['an index beyond the list', { cids: ['ab'], cluster: [1], qidxs: [0], pidxs: [1] }, /names photo 1 of 1/],
    ['lists of different length', { cids: ['ab', 'cd'], cluster: [1], qidxs: [], pidxs: [] }, /2 cids and 1 cluster/],
    ['a fraction as a cluster', { cids: ['ab'], cluster: [0.5], qidxs: [], pidxs: [] }, /cluster holds 0.5/],
    ['no pairs', { cids: ['ab'], cluster: [1] }, /qidxs is missing/],
  ])('with %s is refused and changes nothing', async (_, train, message) => {
    const file = at('hostile.pkl');
    writeFileSync(file, writePickle({ train, val: train } as never));
    const untouched = Library.create(at('untouched'));
    await expect(importPairs(untouched, file, undefined, task)).rejects.toThrow(message);
    expect(untouched.db.prepare('SELECT COUNT(*) FROM scene').pluck().get()).toBe(0);
    untouched.close();
    rmSync(at('untouched'), { recursive: true });
  });
});

describe('a benchmark', () => {
  it('is read back with the labels that geometry gives', async () => {
    const r = await exportLibrary(library, { format: 'gnd', out: at('gnd'), photos: 'copy' }, task);
    const truth = readGroundTruth(r.files[0]!, 'medium');
    expect(truth.images.length).toBe(65);
    expect(truth.queries.length).toBe(splitPlaces(library, 0).heldOut.size);
    const names = photoNames(library);
    for (const q of truth.queries) {
      expect(q.row).not.toBeNull();
      const { easy = [], hard = [], junk = [], ok = [] } = q.labels;
      expect(junk).toContain(q.row);
      expect([...easy, ...hard].sort((a, b) => a - b)).toEqual(ok);
      const id = names.find(truth.images[q.row!]!.replaceAll('__', '/') + '.jpg')!;
      const shared = library.db
        .prepare(
          `SELECT vb.photo_id, MAX(p.shared) FROM view va JOIN pair p ON p.cluster_id = va.cluster_id AND va.view_index IN (p.a, p.b)
           JOIN view vb ON vb.cluster_id = p.cluster_id AND vb.view_index IN (p.a, p.b) AND vb.view_index <> va.view_index
           WHERE va.photo_id = ? GROUP BY vb.photo_id`,
        )
        .raw()
        .all(id) as [number, number][];
      expect(easy.length).toBe(shared.filter(([, n]) => n > 10).length);
      expect(hard.length).toBe(shared.filter(([, n]) => n >= 3 && n <= 10).length);
    }
    for (const name of truth.images) expect(existsSync(join(at('gnd'), 'jpg', `${name}.jpg`))).toBe(true);
    expect(lstatSync(join(at('gnd'), 'jpg', `${truth.images[0]}.jpg`)).isSymbolicLink()).toBe(false);
  });
});

describe('tuples as files', () => {
  it('are the same facts in JSON Lines, CSV and Parquet', async () => {
    const [first] = readTuples(library, run, [0]);
    decide(library, 'n', [
      {
        query: idOf(first!.query),
        other: idOf(first!.positive),
        aspect: 'note',
        verdict: 'note',
        note: 'a "note", with\na line',
      },
    ]);
    const table = async (format: 'jsonl' | 'csv' | 'parquet'): Promise<number> =>
      (await exportLibrary(library, { format, out: at('tables'), run }, task)).items;
    expect(await table('jsonl')).toBe(20);
    const lines = readFileSync(at('tables', 'tuples.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({
      query: expect.stringMatching(/^[a-z_]+\/images\/.+\.jpg$/),
      positive: expect.any(String),
      negatives: expect.any(Array),
      sharedPoints: first!.shared,
      overlap: first!.overlap,
      scaleChange: first!.scale,
      similarities: { positive: first!.positiveSimilarity },
      note: 'a "note", with\na line',
    });
    const expected = 20 + lines.reduce((n, l) => n + (l['negatives'] as unknown[]).length, 0);
    expect(await table('csv')).toBe(expected);
    const csv = readFileSync(at('tables', 'tuples.csv'), 'utf8');
    expect(csv).toContain('"a ""note"", with\na line"');
    expect(await table('parquet')).toBe(expected);
    const bytes = readFileSync(at('tables', 'tuples.parquet'));
    const parquet = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(parquet.length).toBe(expected);
    const positives = parquet.filter((r) => r['role'] === 'positive');
    positives.forEach((r, i) => {
      expect(r).toMatchObject({
        query: lines[i]!['query'],
        photo: lines[i]!['positive'],
        shared_points: lines[i]!['sharedPoints'],
        overlap: lines[i]!['overlap'],
      });
      expect(existsSync(r['photo_path'] as string)).toBe(true);
    });
    expect(positives[0]!['note']).toBe('a "note", with\na line');
  });

  it('are pairs for hloc, without refused ones', async () => {
    const all = readTuples(
      library,
      run,
      Array.from({ length: 20 }, (_, i) => i),
    );
    decide(library, 'r', [
      { query: idOf(all[3]!.query), other: idOf(all[3]!.positive), aspect: 'positive', verdict: 'reject' },
    ]);
    const r = await exportLibrary(library, { format: 'hloc-pairs', out: at('hloc'), run }, task);
    const nameIn = library.db.prepare(
      'SELECT f.name FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE s.name = ? AND f.photo_id = ?',
    );
    const pairs = r.files.flatMap((file) => {
      const scene = /pairs-(.*)\.txt$/.exec(file)![1]!;
      return readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((l) => ({ scene, names: l.split(' ') }));
    });
    const images = new Map(listScenes().map((s) => [s.name, s.images]));
    for (const { scene, names } of pairs) {
      expect(names.length).toBe(2);
      for (const n of names) expect(existsSync(join(images.get(scene)!, n))).toBe(true);
    }
    for (const { scene, names } of pairs) {
      const refused = [all[3]!.query, all[3]!.positive].map((h) => nameIn.pluck().get(scene, idOf(h)));
      expect(names).not.toEqual(refused);
    }
    await expect(
      exportLibrary(library, { format: 'hloc-pairs', out: at('hloc'), run, force: true }, task),
    ).resolves.toMatchObject({ items: pairs.length });
    writeFileSync(at('hloc', 'pairs.txt'), 'x.jpg y.jpg\n');
    await expect(exportLibrary(library, { format: 'hloc-pairs', out: at('hloc'), run }, task)).rejects.toThrow(
      /This folder is in use: pairs\.txt is not of this export/,
    );
    expect(pairs.length).toBeGreaterThan(10);
  });
});

/** What a report counts, and bytes that say something (a name, a magic number, a count): flipped bits there have to be seen. */
const EXPECTED: Readonly<Record<ExportFormat, { what: string; telling: (bytes: Buffer) => number[] }>> = {
  'retrieval-sfm': { what: 'pairs', telling: (b) => [0, b.length - 1, b.indexOf('cids') + 1, b.indexOf('qidxs') + 2] },
  gnd: {
    what: 'queries',
    telling: (b) => [0, b.length - 1, b.indexOf('imlist') + 1, b.indexOf('__images__') - 1],
  },
  'hloc-pairs': { what: 'pairs', telling: (b) => [0, b.indexOf(' '), b.indexOf(' ') + 2, b.length - 3] },
  csv: { what: 'rows', telling: (b) => [0, b.indexOf('positive,'), b.indexOf('/images/') + 1, b.indexOf(',', 200)] },
  jsonl: { what: 'tuples', telling: (b) => [0, 2, b.indexOf('/images/') + 1, b.indexOf('sharedPoints') + 3] },
  parquet: { what: 'rows', telling: (b) => [0, b.length - 1, b.length - 6, b.length - 5] },
  network: { what: 'network', telling: (b) => [0, 1, b.length >> 2, b.length >> 1, b.length - 1] },
  descriptors: { what: 'descriptors', telling: (b) => [0, 8, b.indexOf('shape'), b.length - 1, b.length - 5] },
};

describe.each(EXPORT_FORMATS)('an export as %s', (format) => {
  const definition = EXPORTS[format];
  const exporter = EXPORTERS[format];
  const first = definition.writes === 'file' ? 'out.bin' : '';

  it('is read back after it was written, and refused where it is damaged', async () => {
    const out = join(at(`verified-${format}`), first);
    mkdirSync(at(`verified-${format}`));
    const options = exporter.definition.params.shape;
    const report = await exportLibrary(
      library,
      {
        format,
        out,
        ...('run' in options && format !== 'retrieval-sfm' ? { run } : {}),
        ...('size' in options ? { size: 96 } : {}),
      },
      task,
    );
    expect(report.what).toBe(EXPECTED[format].what);
    expect(report.items).toBeGreaterThan(0);
    expect(report.verified.items).toBe(report.items);
    expect(report.verified.photos).toBe(report.photos);
    const written: Written = report;
    const verify = (): Promise<unknown> => verifyExport(exporter, written, library);
    await expect(verify()).resolves.toMatchObject({ items: report.items });
    const file = report.files[0]!;
    const bytes = readFileSync(file);
    for (const share of [0, 0.1, 0.3, 0.5, 0.8, 0.99]) {
      writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(verify(), `cut at ${share}`).rejects.toMatchObject({ code: expect.stringMatching(/^INPUT_/) });
    }
    for (const place of EXPECTED[format].telling(bytes)) {
      const flipped = Buffer.from(bytes);
      flipped[place]! ^= 0x44;
      writeFileSync(file, flipped);
      await expect(verify(), `flipped at ${place}`).rejects.toMatchObject({ code: expect.stringMatching(/^INPUT_/) });
    }
    rmSync(file);
    await expect(verify()).rejects.toMatchObject({ code: expect.stringMatching(/^INPUT_/) });
    writeFileSync(file, bytes);
    await expect(verify()).resolves.toMatchObject({ items: report.items });
  });
});

describe('exports', () => {
  it('do not go into a library', async () => {
    const before = readFileSync(join(library.path, 'library.db'));
    for (const out of [library.path, join(library.path, 'library.db'), library.file('networks', 'x.onnx')])
      await expect(exportLibrary(library, { format: 'network', out }, task)).rejects.toThrow(/into a library/);
    expect(readFileSync(join(library.path, 'library.db')).equals(before)).toBe(true);
  });

  it('are refused for what their definition does not allow', async () => {
    await expect(exportLibrary(library, { format: 'gnd', out: at('bad'), photos: 'move' }, task)).rejects.toThrow(
      /photos/,
    );
    await expect(
      exportLibrary(library, { format: 'retrieval-sfm', out: at('bad'), pairsPerQuery: 0 }, task),
    ).rejects.toThrow(/pairsPerQuery/);
    await expect(exportLibrary(library, { format: 'csv', out: at('bad'), seed: 1 }, task)).rejects.toThrow(
      /csv does not take seed/,
    );
    expect(existsSync(at('bad'))).toBe(false);
  });

  it('see photos that are gone from beside a benchmark', async () => {
    const r = await exportLibrary(library, { format: 'gnd', out: at('gone'), photos: 'copy' }, task);
    expect(r.photos).toBe(65);
    rmSync(join(at('gone'), 'jpg', readdirSync(at('gone', 'jpg'))[0]!));
    await expect(verifyExport(EXPORTERS.gnd, r, library)).rejects.toThrow(/64 photos are beside it, 65 were/);
  });

  it('read quoted cells of CSV with commas, quotes and lines in them', async () => {
    const file = at('quoted.csv');
    writeFileSync(file, 'a,"b, ""c""\nd",\r\n"",e,f\n');
    expect([...csvRecords(file)]).toEqual([
      ['a', 'b, "c"\nd', ''],
      ['', 'e', 'f'],
    ]);
    writeFileSync(file, 'a,"b\n');
    expect(() => [...csvRecords(file)]).toThrow(/inside a quoted cell/);
    writeFileSync(file, 'a,b"c"\n');
    expect(() => [...csvRecords(file)]).toThrow(/out of place/);
  });
});

describe('lists of pairs', () => {
  it('count what the library holds, and say what was repeated', async () => {
    const file = at('repeated.txt');
    writeFileSync(file, 'a.jpg b.jpg\na.jpg b.jpg\nb.jpg c.jpg\na.jpg b.jpg\nc.jpg c.jpg\n');
    const made = Library.create(at('repeated'));
    for (const time of ['first', 'again']) {
      const r = await importPairs(made, file, undefined, task);
      expect(r.pairs, time).toBe(2);
      expect(made.db.prepare('SELECT COUNT(*) FROM given_pair').pluck().get(), time).toBe(2);
      expect(r.warnings).toContain('2 pairs that the list has more than once were taken once');
    }
    made.close();
  });

  it('are known by what they begin with, or by their names', () => {
    const pickle = at('no-ending');
    writeFileSync(pickle, writePickle({}));
    writeFileSync(at('photo.jpg'), 'JFIF');
    expect([pickle, at('repeated.txt'), at('later.pkl'), at('photo.jpg'), at('tables')].map(isPairList)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
