import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { listExperiments } from '../../../src/main/engine/library/experiments.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, planKind, thrown, withLibrary } from '../../support/planned.ts';
import { SAMPLE } from '../../support/small-library.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const images = join(folder, 'images');
const [library, alone] = [join(folder, 'library'), join(folder, 'alone')];

beforeAll(async () => {
  for (const at of [library, alone]) {
    const made = Library.create(at);
    ensureDefaultNetwork(made);
    made.close();
  }
  for (const label of ['castle', 'factory']) {
    const from = join(SAMPLE, label, 'images');
    const names = readdirSync(from).filter((n) => n.endsWith('.jpg'));
    for (const [d, domain] of ['photo', 'blurred', 'sketch'].entries()) {
      mkdirSync(join(images, domain, label), { recursive: true });
      for (const n of names.slice(3 * d, 3 * d + 3)) {
        const image = sharp(join(from, n)).resize(96, 96, { fit: 'inside' });
        const changed =
          domain === 'blurred' ? image.blur(2) : domain === 'sketch' ? image.greyscale().threshold() : image;
        await changed.png().toFile(join(images, domain, label, n.replace('.jpg', '.png')));
      }
    }
  }
  writeFileSync(join(images, 'photo', 'castle', 'broken.png'), 'no image');
}, LONG);

const reports = (at: string) =>
  withLibrary(at, (l) => listExperiments(l).map(({ kind, report, folder: of }) => ({ kind, report, of })));

describe('domain generalisation in shards', () => {
  it(
    'keeps the report of covis domains',
    async () => {
      await withLibrary(alone, (l) => WORK.domains.run(l, { folder: images, seeds: 2 }, silentContext()));
      const plan = await planKind(library, { work: 'domains', folder: images, seeds: 2, shards: 3 });
      expect(plan.file.stages.map((s) => [s.name, s.shards.length])).toEqual([
        ['describe', 3],
        ['learn', 10],
      ]);
      const warnings: string[] = [];
      expect(await doAndCollect(library, plan, warnings)).toMatchObject({ added: 1, done: 18, failed: 1 });
      expect(warnings.join('\n')).toContain('broken.png');
      const kept = await reports(library);
      expect(kept).toEqual(await reports(alone));
      expect(kept).toMatchObject([{ kind: 'domains', report: { seeds: 2, unreadable: 1 } }]);
    },
    LONG,
  );

  it('refuses a domain that the folder has not, and no seeds', async () => {
    const asked = { work: 'domains', folder: images };
    expect((await thrown(planKind(library, { ...asked, drawn: ['doodle'] }, 'no'))).message).toBe(
      'There is no domain doodle',
    );
    expect((await thrown(planKind(library, { ...asked, seeds: 0 }, 'no'))).message).toMatch(
      /^seeds takes a whole number from 1/,
    );
  });
});
