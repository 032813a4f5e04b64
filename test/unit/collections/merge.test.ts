import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreementOf } from '../../../src/main/engine/collections/agreement.ts';
import { readBundle, writeBundle } from '../../../src/main/engine/collections/bundle.ts';
import { changeFields } from '../../../src/main/engine/collections/fields.ts';
import { fieldsOf, fieldsText, photoName } from '../../../src/main/engine/collections/items.ts';
import { listConflicts } from '../../../src/main/engine/collections/conflicts.ts';
import { judgeConflict, mergeBundle } from '../../../src/main/engine/collections/merge.ts';
import { describePhotos, foldPhotos, unfoldPhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection, setCollectionFields } from '../../../src/main/engine/collections/store.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import { versionHistory, workingState } from '../../../src/main/engine/collections/versions.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { collectionNamed } from '../../../src/main/engine/library/tables/collection.ts';
import { redo, undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const NAME = 'Towers';
const task = silentContext();
let photos: number[];
const open: Library[] = [];

/** The library of another curator, who has the same base version. */
function curator(name: string): Library {
  cpSync(join(folder, 'base'), join(folder, name), { recursive: true });
  const library = Library.open(join(folder, name));
  open.push(library);
  return library;
}

beforeAll(async () => {
  const library = await smallLibrary(join(folder, 'base'));
  photos = allPhotos(library).map((p) => p.id);
  const { uid } = createCollection(library, NAME).collection;
  addPhotos(
    library,
    uid,
    photos.slice(0, 8).map((photo) => ({ photo })),
  );
  describePhotos(library, uid, photos.slice(0, 4), () => fieldsText({ title: ['base'] }));
  foldPhotos(library, uid, [{ head: photos[0]!, photos: [photos[1]!] }]);
  await commitCollection(library, { collection: uid, message: '', author: 'both' }, task);
  library.close();
}, 120_000);
afterAll(() => open.forEach((l) => l.close()));

/** Does some things at random to a collection, each of which another may do otherwise. */
function decideAtRandom(library: Library, seed: number): void {
  const r = random(seed);
  const one = (n: number): number => photos[r.below(n)]!;
  const members = (): Set<number> =>
    new Set(workingState(library, collectionNamed(library, NAME)).items.map((i) => i.photo!));
  for (let i = 0; i < 14; i += 1) {
    const photo = one(12);
    switch (r.below(6)) {
      case 0:
        addPhotos(library, NAME, [{ photo }]);
        break;
      case 1:
        removePhotos(library, NAME, [photo], true);
        break;
      case 2:
        describePhotos(library, NAME, [photo], (f) =>
          fieldsText(
            changeFields(fieldsOf(f), { set: { [r.below(2) === 0 ? 'title' : 'place']: [`v${r.below(3)}`] } }),
          ),
        );
        break;
      case 3:
        describePhotos(library, NAME, [photo], (f) => fieldsText(changeFields(fieldsOf(f), { clear: ['title'] })));
        break;
      case 4: {
        const head = one(8);
        if (members().has(head)) foldPhotos(library, NAME, [{ head, photos: [photo] }]);
        else unfoldPhotos(library, NAME, [photo]);
        break;
      }
      default:
        setCollectionFields(library, NAME, { title: [`t${r.below(3)}`] });
    }
  }
}

async function bundleOf(name: string, seed: number): Promise<string> {
  const library = curator(name);
  decideAtRandom(library, seed);
  try {
    await commitCollection(library, { collection: NAME, message: '', author: name }, task);
  } catch {
    // All that was done was undone by what came after.
    addPhotos(library, NAME, [{ photo: photos[20]! }]);
    await commitCollection(library, { collection: NAME, message: '', author: name }, task);
  }
  return writeBundle(library, { collection: NAME, version: '2', base: '1' }, task);
}

/** What a collection holds, without its order, and what waits. */
function held(library: Library): unknown {
  const { items, fields } = workingState(library, collectionNamed(library, NAME));
  const sorted = items.map(({ key, fields: of, head }) => ({ key, of, head })).sort((a, b) => (a.key < b.key ? -1 : 1));
  return { items: sorted, fields, conflicts: listConflicts(library, NAME) };
}

describe('merging what curators decided', () => {
  it('does not depend on the order, and doing it twice changes nothing', async () => {
    let conflicts = 0;
    for (let seed = 0; seed < 3; seed += 1) {
      const bundles = await Promise.all(['Ada', 'Bo', 'Cy'].map((n, i) => bundleOf(`${n} ${seed}`, 10 * seed + i)));
      const orders = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
      ];
      const results = orders.map((order, k) => {
        const library = curator(`merged ${seed} ${k}`);
        for (const i of order) mergeBundle(library, NAME, bundles[i]!);
        const once = held(library);
        for (const i of order)
          expect(mergeBundle(library, NAME, bundles[i]!)).toMatchObject({ already: true, action: null });
        expect(held(library)).toEqual(once);
        conflicts += listConflicts(library, NAME).length;
        return once;
      });
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
    // Or nothing was tried.
    expect(conflicts).toBeGreaterThan(9);
  }, 120_000);

  it('is undone as one, bundle and all', async () => {
    const bundle = await bundleOf('Undo', 77);
    const library = curator('undone');
    const before = held(library);
    const report = mergeBundle(library, NAME, bundle);
    const after = held(library);
    expect(report.action).not.toBeNull();
    expect(after).not.toEqual(before);
    undo(library);
    expect(held(library)).toEqual(before);
    redo(library);
    expect(held(library)).toEqual(after);
    undo(library);
    expect(mergeBundle(library, NAME, bundle)).toMatchObject({ already: false });
    expect(held(library)).toEqual(after);
  });

  it('takes what one side changed, keeps the base where both did differently, and lets a person judge', async () => {
    const [ada, bo] = [curator('Ada'), curator('Bo')];
    describePhotos(ada, NAME, [photos[0]!], () => fieldsText({ title: ['from Ada'] }));
    addPhotos(ada, NAME, [{ photo: photos[9]! }, { photo: photos[10]! }], { how: 'search', method: 'cosine' });
    removePhotos(ada, NAME, [photos[7]!]);
    await commitCollection(ada, { collection: NAME, message: '', author: 'Ada' }, task);
    describePhotos(bo, NAME, [photos[0]!], () => fieldsText({ title: ['from Bo'], place: ['Speyer'] }));
    removePhotos(bo, NAME, [photos[10]!], true);
    removePhotos(bo, NAME, [photos[7]!]);
    await commitCollection(bo, { collection: NAME, message: '', author: 'Bo' }, task);
    const jsonl = await writeBundle(ada, { collection: NAME, version: '2', base: '1' }, task);
    const report = mergeBundle(bo, NAME, jsonl);
    // Judged by both: 7 alike, 10 not.
    expect(report).toMatchObject({
      added: 1,
      removed: 0,
      described: 0,
      conflicts: 2,
      agreement: { both: 2, agreed: 1 },
    });
    const conflicts = listConflicts(bo, NAME);
    expect(conflicts.map((c) => [c.aspect, c.base, c.proposals]).sort()).toEqual([
      [
        'field title',
        ['base'],
        [
          { author: 'Ada', value: ['from Ada'] },
          { author: 'Bo', value: ['from Bo'] },
        ],
      ],
      [
        'member',
        false,
        [
          { author: 'Bo', value: false },
          { author: 'Ada', value: true },
        ],
      ],
    ]);
    await expect(commitCollection(bo, { collection: NAME, message: '' }, task)).rejects.toThrow(
      /2 conflicts .* not judged/,
    );
    for (const c of conflicts) {
      const theirs = c.proposals.findIndex((p) => p.author === 'Ada');
      judgeConflict(bo, NAME, c.sha256, c.aspect, theirs);
    }
    expect(listConflicts(bo, NAME)).toEqual([]);
    const items = workingState(bo, collectionNamed(bo, NAME)).items;
    expect(fieldsOf(items.find((i) => i.photo === photos[0])!.fields)).toEqual({
      place: ['Speyer'],
      title: ['from Ada'],
    });
    expect(items.map((i) => i.photo)).toContain(photos[10]);
    const { parents } = await commitCollection(bo, { collection: NAME, message: '' }, task);
    expect(parents).toEqual([versionHistory(bo, NAME)[1]!.digest, readBundle(jsonl).head]);
    undo(bo);
    expect(listConflicts(bo, NAME)).toHaveLength(1);
  });

  it('names those who decided, of what is in no version who is said to work here, and the photos of folds', async () => {
    const [cy, di] = [curator('Cy'), curator('Di')];
    const title = (library: Library, text: string): unknown =>
      describePhotos(library, NAME, [photos[2]!], () => fieldsText({ title: [text] }));
    title(cy, 'Cy says');
    foldPhotos(cy, NAME, [{ head: photos[3]!, photos: [photos[4]!] }]);
    await commitCollection(cy, { collection: NAME, message: '', author: 'Cy' }, task);
    // The title was Eve's and stayed; what is not committed is Di's.
    title(di, 'Eve says');
    await commitCollection(di, { collection: NAME, message: '', author: 'Eve' }, task);
    addPhotos(di, NAME, [{ photo: photos[11]! }]);
    await commitCollection(di, { collection: NAME, message: '', author: 'Flo' }, task);
    foldPhotos(di, NAME, [{ head: photos[5]!, photos: [photos[4]!] }]);
    mergeBundle(di, NAME, await writeBundle(cy, { collection: NAME, version: '2', base: '1' }, task), 'Di');
    const said = listConflicts(di, NAME);
    const of = (aspect: string): unknown =>
      said.filter((c) => c.aspect === aspect).map((c) => c.proposals.map((p) => p.author).sort());
    expect(of('field title')).toEqual([['Cy', 'Eve']]);
    expect(of('folded')).toEqual([['Cy', 'Di']]);
    const fold = said.find((c) => c.aspect === 'folded')!;
    const name = photoName(di);
    expect(fold.heads.map((h) => h.name).sort()).toEqual([name(photos[3]!), name(photos[5]!)].sort());
    expect(fold.heads.every((h) => h.photo !== null && h.sha256.startsWith(h.photo))).toBe(true);
    expect(fold.proposals.map((p) => p.value).sort()).toEqual(fold.heads.map((h) => h.sha256).sort());
    // Page by page they are the same ones.
    expect([0, 1].flatMap((at) => listConflicts(di, NAME, { at, limit: 1 }))).toEqual(said);
  });

  it('refuses what is no bundle, or about a version that is not here', async () => {
    const library = curator('refusing');
    expect(() => mergeBundle(library, NAME, 'x')).toThrow(/Line 1 of this bundle is not JSON/);
    expect(() => mergeBundle(library, NAME, '{"a":1}')).toThrow(/no bundle of decisions/);
    const jsonl = await bundleOf('Far', 5);
    const [head, ...rest] = jsonl.split('\n');
    const far = { ...(JSON.parse(head!) as object), base: 'a'.repeat(64) };
    expect(() => mergeBundle(library, NAME, [JSON.stringify(far), ...rest].join('\n'))).toThrow(
      /about a version that this collection does not have/,
    );
    expect(() => readBundle(`${jsonl}{"photo":"x"}\n`)).toThrow(/is no decision/);
    const last = rest.filter((l) => l.includes('"photo"')).at(-1)!;
    expect(() => readBundle(`${jsonl}${last}\n`)).toThrow(/has a line already/);
  });

  it('says which photos are not here, and takes them later', async () => {
    const jsonl = await bundleOf('Missing', 31);
    const sha = 'b'.repeat(64);
    const more = `${jsonl}${JSON.stringify({ photo: sha, path: 'photos/far.jpg', in: true })}\n`;
    const library = curator('lacking');
    expect(mergeBundle(library, NAME, more)).toMatchObject({ missing: ['photos/far.jpg'], already: false });
    const once = held(library);
    expect(mergeBundle(library, NAME, more)).toMatchObject({ missing: ['photos/far.jpg'], already: false });
    expect(held(library)).toEqual(once);
  });
});

describe("Cohen's kappa", () => {
  const judged = (votes: string): Map<string, boolean> =>
    new Map([...votes].flatMap((v, i) => (v === '.' ? [] : [[String(i), v === 'y'] as const])));

  it('is the textbook value', () => {
    // 50 judged by both: 20 yes by both, 15 no by both, 5 and 10 apart: po 0.7, pe 0.5, kappa 0.4 (Cohen 1960's formula).
    const a = 'y'.repeat(20) + 'y'.repeat(5) + 'n'.repeat(10) + 'n'.repeat(15);
    const b = 'y'.repeat(20) + 'n'.repeat(5) + 'y'.repeat(10) + 'n'.repeat(15);
    const r = agreementOf(judged(`${a}yn`), judged(`${b}..`));
    expect(r).toMatchObject({ both: 50, agreed: 35 });
    expect(r.kappa).toBeCloseTo(0.4, 12);
  });

  it('is the literal definition on random judgements, and undefined where it says nothing', () => {
    const r = random(3);
    for (let i = 0; i < 200; i += 1) {
      const votes = (): string => Array.from({ length: 1 + r.below(12) }, () => 'yn.'[r.below(3)]).join('');
      const [a, b] = [judged(votes()), judged(votes())];
      const both = [...a.keys()].filter((k) => b.has(k));
      const share = (of: Map<string, boolean>, v: boolean): number =>
        both.filter((k) => of.get(k) === v).length / both.length;
      const po = both.filter((k) => a.get(k) === b.get(k)).length / both.length;
      const pe = share(a, true) * share(b, true) + share(a, false) * share(b, false);
      const { kappa } = agreementOf(a, b);
      if (both.length === 0 || pe === 1) expect(kappa).toBeNull();
      else expect(kappa).toBeCloseTo((po - pe) / (1 - pe), 10);
    }
  });
});
