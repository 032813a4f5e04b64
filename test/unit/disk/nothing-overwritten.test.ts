import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { fileTarget, isLibrary, libraryAround } from '../../../src/main/engine/formats/target.ts';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { leavesOf } from '../../../src/shared/schema.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary, SAMPLE } from '../../support/small-library.ts';

const COMMANDS = await commands();

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const lib = at('L');
/** Options that name what is written. */
const OUTPUTS = ['out', 'scores', 'table'];
const quiet = [vi.spyOn(process.stderr, 'write'), vi.spyOn(process.stdout, 'write')];

beforeAll(async () => {
  for (const spy of quiet) spy.mockReturnValue(true);
  const library = await smallLibrary(lib);
  await WORK.extract.run(library, { size: 64 }, silentContext());
  await WORK.mine.run(library, { size: 64, mining: { count: 2, queries: 12 } }, silentContext());
  library.close();
  writeNpy(at('x.npy'), Float32Array.of(1, 0, 0, 1, 0.6, 0.8), [3, 2]);
  const rows = Float32Array.from({ length: 60 * 4 }, (_, i) => Math.sin(i * i));
  writeNpy(at('many.npy'), rows, [60, 4]);
});
afterAll(() => quiet.forEach((spy) => spy.mockRestore()));

type Values = Readonly<Record<string, unknown>>;
const covis = (name: string, words: Values, options: Values): Promise<void> =>
  COMMANDS.find((c) => c.name === name)!.run(words, options);

interface Row {
  readonly name: string;
  /** Asks for a result at a place. */
  readonly ask: (out: string, options?: Values) => Promise<void>;
  /** What lies there then, of those that a person might have had. */
  readonly writes: (out: string) => string;
}

const exported = (format: string, writes: Row['writes'], options: Values = {}): Row => ({
  name: `export --format ${format}`,
  ask: (out, more) => covis('export', { library: lib }, { format, out, ...options, ...more }),
  writes,
});
const ROWS: readonly Row[] = [
  exported('csv', (out) => join(out, 'tuples.csv')),
  exported('jsonl', (out) => join(out, 'tuples.jsonl')),
  exported('parquet', (out) => join(out, 'tuples.parquet')),
  exported('gnd', (out) => join(out, 'gnd_out.pkl'), { photos: 'none' }),
  exported('retrieval-sfm', (out) => join(out, 'retrieval-SfM-covis.pkl'), { photos: 'none' }),
  exported('hloc-pairs', (out) => join(out, 'pairs-lighthouse.txt')),
  exported('network', (out) => out),
  exported('descriptors', (out) => out, { size: 64 }),
  {
    name: 'export --what tuples',
    ask: (out, more) => covis('export', { library: lib }, { what: 'tuples', out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'convert',
    ask: (out, more) =>
      covis('convert', { source: join(SAMPLE, 'castle', 'sparse') }, { to: 'colmap-bin', out, ...more }),
    writes: (out) => join(out, 'points3D.bin'),
  },
  {
    name: 'rank',
    ask: (out, more) => covis('rank', {}, { database: at('x.npy'), queries: at('x.npy'), out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'rank --scores',
    ask: (out, more) =>
      covis('rank', {}, { database: at('x.npy'), queries: at('x.npy'), out: `${out}.ranks`, scores: out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'extract --photos',
    ask: (out, more) =>
      covis('extract', {}, { photos: join(SAMPLE, 'arch', 'images'), size: 64, out: `${out}.npy`, ...more }),
    writes: (out) => `${out}.npy`,
  },
  {
    name: 'mine --out',
    ask: (out, more) => covis('mine', { library: lib }, { size: 64, queries: 12, count: 2, out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'mine --descriptors',
    ask: (out, more) => covis('mine', {}, { descriptors: at('many.npy'), strategy: 'manifold', out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'networks export',
    ask: (out, more) => covis('networks export', { network: 'default' }, { out, ...more }),
    writes: (out) => out,
  },
  {
    name: 'edges',
    ask: (out, more) =>
      covis('edges', {}, { photos: join(SAMPLE, 'arch', 'images'), size: 16, detector: 'classical', out, ...more }),
    writes: (out) => join(out, 'arch_01.png'),
  },
];

describe('what is written where a person says', () => {
  it.each(ROWS.map((r, i) => [r.name, r, i] as const))('%s: goes over nothing without --force', async (_, row, i) => {
    const here = at(`case-${i}`);
    mkdirSync(here);
    const out = join(here, 'out');
    const file = row.writes(out);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, 'mine');
    await expect(row.ask(out)).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      file,
      hint: 'Name another place, or write over it with --force.',
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await row.ask(out, { force: true });
    expect(readFileSync(file).length).toBeGreaterThan(4);
    expect(readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((f) => f.includes('.tmp'))).toEqual([]);
  });

  it.each(ROWS.map((r) => [r.name, r] as const))('%s: goes into no library, whatever is said', async (_, row) => {
    const other = at('Other');
    if (!existsSync(other)) {
      Library.create(other).close();
      symlinkSync(other, at('link'));
      for (const name of ['to-come', 'to-come.npy']) symlinkSync(join(other, 'new'), at(name));
    }
    for (const out of [join(lib, 'library.db'), join(other, 'deep', 'out'), join(at('link'), 'out'), at('to-come')])
      await expect(row.ask(out, { force: true }), out).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: 'Results do not go into a library',
      });
    expect(readdirSync(other)).not.toContain('deep');
    Library.open(lib).close();
  });

  it('is asked for by an option that has --force beside it, in every command', () => {
    // A plan goes into a new or an empty folder and nowhere else, so that there is nothing to be forced.
    const writing = COMMANDS.filter(({ name }) => name !== 'plan' && name !== 'submit').flatMap((c) => {
      const leaves = leavesOf(c.options);
      const names = leaves.map((l) => l.path.at(-1)!);
      const outputs = leaves.filter(
        (l) => OUTPUTS.includes(l.path.at(-1)!) && /file|folder|path/.test(l.meta.value ?? ''),
      );
      return outputs.length === 0 ? [] : [[c.name, names.includes('force')] as const];
    });
    expect(writing.filter(([, force]) => !force)).toEqual([]);
    expect(writing.map(([name]) => name).sort()).toEqual(
      [
        'collection bundle',
        'collection export',
        'collection fields export',
        'convert',
        'edges',
        'export',
        'extract',
        'index search',
        'ladder',
        'mine',
        'networks export',
        'rank',
      ].sort(),
    );
  });
});

describe('a place in a library', () => {
  it('is one below a folder with a library.db of Covis, also a damaged one, and no other', () => {
    const foreign = at('foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'library.db'), 'records of a library of books');
    expect(isLibrary(foreign)).toBe(false);
    expect(libraryAround(join(lib, 'networks', 'n.onnx'))).toBe(lib);
    expect(libraryAround(lib)).toBe(lib);
    expect(libraryAround(join(folder, 'L2'))).toBeUndefined();

    const bare = at('bare');
    mkdirSync(bare);
    writeFileSync(join(bare, 'library.db'), readFileSync(join(lib, 'library.db')));
    expect(isLibrary(bare)).toBe(true);

    const damaged = at('damaged');
    Library.create(damaged).close();
    writeFileSync(join(damaged, 'library.db'), 'gone');
    expect(libraryAround(join(damaged, 'x'))).toBe(damaged);
  });

  it('is none for another library either', () => {
    expect(() => Library.create(join(lib, 'inner'))).toThrow('Results do not go into a library');
    expect(existsSync(join(lib, 'inner'))).toBe(false);
  });

  it('is told from a link that leads in a circle', () => {
    symlinkSync(at('circle'), at('circle'));
    expect(() => fileTarget(at('circle'), {})).toThrow();
    rmSync(at('circle'));
  });
});
