import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measurementDetail } from '../../../src/main/engine/evaluation/library-measure.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

describe('teacher against student', async () => {
  const library = await smallLibrary(join(folder, 'library'));
  afterAll(() => library.close());

  it('ranks the same queries with both, and verification helps', async () => {
    const report = await WORK.teacher.run(library, { protocol: 'sfm-medium' }, silentContext());
    expect(report.map((m) => m.method)).toEqual(['BoW', 'BoW+R', 'BoW+R+QE', 'MAC', 'GeM', 'GeM+QE']);
    const map = Object.fromEntries(report.map((m) => [m.method, m.map]));
    const queries = report.map((m) => measurementDetail(library, m.measurement).perQuery);
    for (const q of queries) expect(q.map((x) => x.query)).toEqual(queries[0]!.map((x) => x.query));
    // Chance: the mean share of positives among what is ranked.
    const chance = queries[0]!.reduce((s, q) => s + q.positives, 0) / queries[0]!.length / 65;
    expect(map['BoW']).toBeGreaterThan(2 * chance);
    expect(map['BoW+R']).toBeGreaterThan(map['BoW']!);
    const mean = queries[2]!.reduce((s, q) => s + q.ap, 0) / queries[2]!.length;
    expect(map['BoW+R+QE']).toBeCloseTo(mean, 9);
  });

  it('searches by a photo from outside and by a part of it', async () => {
    const session = new SearchSession(library);
    const bytes = readFileSync(join(SAMPLE, 'castle', 'images', 'castle_05.jpg'));
    const asked = { bytes, size: 320, method: 'bow' as const, top: 5 };
    const { hits, set } = await session.search(asked);
    expect(set).toBe('bow');
    expect([hits[0]!.name, hits[0]!.inliers! > 50]).toEqual(['castle_05.jpg', true]);
    expect(hits[1]!.name).toMatch(/^castle/);
    const part = await session.search({ ...asked, crop: { x: 0.3, y: 0.2, width: 0.4, height: 0.5 } });
    expect(part.hits[0]!.name).toBe('castle_05.jpg');
    expect(part.hits[0]!.inliers!).toBeLessThan(hits[0]!.inliers!);
    // A photo of nothing has no words: nothing is verified, and nothing fails.
    const { default: sharp } = await import('sharp');
    const black = await sharp({ create: { width: 200, height: 150, channels: 3, background: '#000' } })
      .jpeg()
      .toBuffer();
    const none = await session.search({ ...asked, bytes: black });
    expect(none.hits.every((h) => h.score === 0 && h.inliers === 0)).toBe(true);
    await session.close();
  });

  it('says how many photos an answer is without', async () => {
    const { id, hash } = library.db.prepare('SELECT id, hash FROM photo ORDER BY id DESC LIMIT 1').get() as {
      id: number;
      hash: string;
    };
    const names = library.db.prepare('UPDATE photo_file SET name = ? || name WHERE photo_id = ?');
    names.run('moved-', id);
    const features = library.file('features', hash.slice(0, 2), `${hash}.sift1`);
    const known = readFileSync(features);
    rmSync(features);
    try {
      const session = new SearchSession(library);
      const bytes = readFileSync(join(SAMPLE, 'castle', 'images', 'castle_05.jpg'));
      const answer = await session.search({ bytes, size: 320, method: 'bow', top: 5 });
      expect(answer.setName).toMatch(/^\d+ visual words, without 1 photo that cannot be read$/);
      await session.close();
    } finally {
      library.db.prepare("UPDATE photo_file SET name = replace(name, 'moved-', '') WHERE photo_id = ?").run(id);
      writeFileSync(features, known);
    }
  });
});
