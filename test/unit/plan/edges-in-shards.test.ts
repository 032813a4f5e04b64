import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { edgeFolder } from '../../../src/main/engine/edges/edge-folder.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { doneFile } from '../../../src/main/engine/plan/facts.ts';
import { collectPlan } from '../../../src/main/engine/plan/collect.ts';
import { readPart, readPlan, sha256, shardFiles } from '../../../src/main/engine/plan/folder.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { encodeBundle } from '../../../src/main/engine/plan/works/bundle.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doAndCollect, filesIn, planKind, thrown, withLibrary } from '../../support/planned.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const alone = join(folder, 'alone');
let libraries = 0;
const library = (): string => {
  const at = join(folder, `library${(libraries += 1)}`);
  Library.create(at).close();
  return at;
};
const asked = (into: string) => ({ work: 'edges', photos, into, detector: 'classical', size: 96 });

beforeAll(async () => {
  mkdirSync(join(photos, 'below'), { recursive: true });
  const castle = join(SAMPLE, 'castle', 'images');
  readdirSync(castle)
    .filter((n) => n.endsWith('.jpg'))
    .slice(0, 6)
    .forEach((n, i) => cpSync(join(castle, n), join(photos, ...(i % 2 === 0 ? [] : ['below']), n)));
  writeFileSync(join(photos, 'broken.jpg'), 'no photo');
  await edgeFolder({ photos, out: alone, detector: 'classical', size: 96 }, silentContext());
}, 120_000);

describe('edge maps in shards', () => {
  it('are the bytes of covis edges, and a photo that cannot be read is counted and named', async () => {
    const [at, into] = [library(), join(folder, 'maps')];
    const plan = await planKind(at, { ...asked(into), shards: 3 });
    expect(plan.file.stages[0]!.shards.map((s) => s.items)).toEqual([2, 2, 3]);
    const warnings: string[] = [];
    expect(await doAndCollect(at, plan, warnings)).toMatchObject({ added: 6, done: 6, failed: 1, before: false });
    expect(filesIn(into)).toEqual(filesIn(alone));
    expect(warnings.join('\n')).toContain('broken.jpg');
    expect(warnings.at(-1)).toBe('1 photo could not be read by any shard');
    // Collected twice is collected once.
    rmSync(into, { recursive: true });
    expect(await doAndCollect(at, plan)).toMatchObject({ added: 0, before: true });
  });

  it('go by the common protocol: another version is refused, a changed result is refused, and a changed photo is counted', async () => {
    const [at, into] = [library(), join(folder, 'refused')];
    const plan = await planKind(at, { ...asked(into), shards: 2 });
    const other = thrown(doShard(plan.folder, 'edges', 2, silentContext(), { version: '9.9.9', commit: null }));
    expect((await other).message).toMatch(/^This plan was made by Covis/);
    for (const i of [1, 2]) await doShard(plan.folder, 'edges', i, silentContext());
    const files = shardFiles(plan.folder, 'edges', 1);
    const [sound, said] = [readFileSync(files.result), readFileSync(files.done, 'utf8')];
    writeFileSync(files.result, Buffer.concat([sound.subarray(0, -1), Buffer.of(sound.at(-1)! ^ 1)]));
    // A damaged one is done again by whoever does its shard; collected, it is refused and nothing is written.
    const collect = () => withLibrary(at, (l) => collectPlan(l, readPlan(plan.folder), silentContext()));
    expect(await thrown(collect())).toMatchObject({ code: 'INPUT_CORRUPT', file: files.result });
    // With a digest that fits, and maps of photos that it was not asked for.
    const bytes = encodeBundle(null, [['elsewhere.png', Buffer.from('x')]]);
    writeFileSync(files.result, bytes);
    const done = readPart(files.done, doneFile);
    writeFileSync(files.done, JSON.stringify({ ...done, sha256: sha256(bytes), bytes: bytes.length }));
    expect((await thrown(collect())).message).toMatch(/maps of photos that its shard does not/);
    expect(readdirSync(folder)).not.toContain('refused');
    writeFileSync(files.result, sound);
    writeFileSync(files.done, said);
    expect(await collect()).toMatchObject({ done: 6, failed: 1 });
    expect(filesIn(into)).toEqual(filesIn(alone));
    // Planned again into the same folder, maps are there.
    expect(await thrown(planKind(at, asked(into), 'again'))).toMatchObject({ code: 'STATE_CONFLICT' });
  });

  it('are of an ONNX file that goes into the plan, and of photos as they were when they were planned', async () => {
    const [at, into] = [library(), join(folder, 'of-file')];
    const detector = join(folder, 'detector.onnx');
    cpSync(join(SAMPLE, '..', 'edges', 'covis-edges-1.onnx'), detector);
    const own = join(folder, 'own-photos');
    cpSync(photos, own, { recursive: true });
    const plan = await planKind(at, { ...asked(into), photos: own, detector, shards: 1 });
    rmSync(detector);
    const changed = readdirSync(own).find((n) => /^castle.*\.jpg$/.test(n))!;
    cpSync(join(SAMPLE, 'castle', 'images', changed), join(own, changed));
    writeFileSync(join(own, changed), Buffer.concat([readFileSync(join(own, changed)), Buffer.from('more')]));
    const warnings: string[] = [];
    expect(await doAndCollect(at, plan, warnings)).toMatchObject({ done: 5, failed: 2 });
    expect(warnings.join('\n')).toContain('now holds another photo');
    const maps = join(folder, 'alone-of-file');
    await edgeFolder({ photos, out: maps, size: 96 }, silentContext());
    const { [changed.replace('.jpg', '.png')]: _left, ...rest } = filesIn(maps);
    expect(filesIn(into)).toEqual(rest);
  });

  it('are asked for with what they need, and with nothing else', async () => {
    const at = library();
    for (const [given, why] of [
      [{ work: 'edges', into: join(folder, 'x') }, /^photos takes a folder, and is missing/],
      [{ ...asked(join(folder, 'x')), epochs: 3 }, /^epochs does not go with edges/],
      [{ ...asked(join(folder, 'x')), shards: 8 }, /^7 photos cannot be cut into 8 shards/],
      [{ work: 'extract', size: 4096 }, /^size takes a whole number from 64 to 2048, not 4096/],
    ] as const)
      expect((await thrown(planKind(at, given))).message).toMatch(why);
  });
});
