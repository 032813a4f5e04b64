/** Jobs on a disk that is full: what they say, what they leave, and whether they can be done again once there is room. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runJob } from '../../../src/main/cli/program/job.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { toErrorShape, type ErrorShape } from '../../../src/shared/errors.ts';
import type { JobGiven, JobKind } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallDisk } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

export interface Asked<K extends JobKind = JobKind> {
  readonly name: string;
  readonly kind: K;
  readonly given: (disk: string) => JobGiven<K>;
  /** Places of the library, where five would take long. */
  readonly places?: readonly string[] | undefined;
  /** Bytes that are free, which are too few: once the job has begun, not for its row in the database alone. */
  readonly room: number;
}

/** One row of a table, with the parameters of its kind. */
export function asked<K extends JobKind>(
  kind: K,
  room: number,
  given: (disk: string) => JobGiven<K>,
  { name = kind, places }: { readonly name?: string; readonly places?: readonly string[] } = {},
): Asked {
  return { name, kind, room, given, places } as unknown as Asked;
}

const WHOLE = 64 << 20;

/** Places with descriptors and tuples. */
async function template(path: string, places?: readonly string[]): Promise<void> {
  const library = await smallLibrary(path, places);
  await WORK.extract.run(library, { size: 64 }, silentContext());
  await WORK.mine.run(library, { size: 64, mining: { count: 2, queries: 12 } }, silentContext());
  library.close();
}

async function said(work: () => Promise<unknown>): Promise<ErrorShape | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return toErrorShape(error);
  }
}

/** Every file on the disk but those of the database, whose names are final or of unfinished work that goes on. */
function filesOn(disk: string): string[] {
  return readdirSync(disk, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name));
}

/** Does each job with no room at all, with too little, and then with enough. */
export function describeFullDisk(what: string, rows: readonly Asked[]): void {
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = smallDisk(disk);
  afterAll(() => mounted?.end());
  const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  afterAll(() => progress.mockRestore());

  if (mounted === undefined) {
    describe.skip(`${what} [needs an account that may mount a disk]`, () => it('is not looked at', () => undefined));
    return;
  }
  describe(what, () => {
    const at = join(disk, 'L');
    const begin = async (room: number, places?: readonly string[]): Promise<void> => {
      const base = join(folder, `base ${places?.join(' ') ?? ''}`);
      if (!existsSync(base)) await template(base, places);
      mounted.holds(WHOLE);
      for (const f of readdirSync(disk)) rmSync(join(disk, f), { recursive: true, force: true });
      cpSync(base, at, { recursive: true });
      const { blocks, bfree, bsize } = statfsSync(disk);
      mounted.holds((blocks - bfree) * bsize + room);
    };
    const doIt = async ({ kind, given }: Asked): Promise<ErrorShape | undefined> => {
      const library = Library.open(at);
      try {
        return await said(() => runJob(library, kind, given(disk)));
      } finally {
        library.close();
      }
    };

    it.each(rows.map((r) => [r.name, r] as const))('%s', async (_, row) => {
      await begin(0, row.places);
      expect(await doIt(row).catch(toErrorShape)).toMatchObject({ code: 'DISK_FULL' });

      await begin(row.room, row.places);
      const error = await doIt(row);
      expect(error).toMatchObject({ code: 'DISK_FULL' });
      expect(error!.message).toMatch(
        / full(: |\. The disk is full: ).*\d (bytes|kB|MB) are free$|disk is full: .*are free$/,
      );
      expect(error!.file).toMatch(new RegExp(`^${disk}/`));
      expect(error!.hint).toMatch(/room/);
      // Nothing half written: no temporary file, and what has a final name is whole.
      expect(filesOn(disk).filter((f) => /\.tmp$|\/staging\//.test(f))).toEqual([]);

      mounted.holds(WHOLE);
      const library = Library.open(at);
      try {
        const { database, parts } = await WORK.check.run(library, { full: false }, silentContext());
        expect(database).toEqual([]);
        expect(parts.filter((p) => p.damaged + p.missing > 0)).toEqual([]);
      } finally {
        library.close();
      }
      expect(await doIt(row)).toBeUndefined();
    });
  });
}
