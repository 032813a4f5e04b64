import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { sealed } from '../../../src/main/engine/library/seal.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { cancelled } from '../../../src/main/engine/queue/context.ts';
import { storeSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { restoreBackup } from '../../../src/main/engine/work/restore.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import type { JobGiven, JobResult } from '../../../src/shared/jobs/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const path = join(folder, 'library');
let place = 0;
const fresh = (): string => join(folder, `place-${(place += 1)}`);

beforeAll(async () => {
  const library = Library.create(path);
  ensureDefaultNetwork(library);
  await WORK.import.run(library, { sources: [join(SAMPLE, 'castle')] }, silentContext());
  await WORK.extract.run(library, { size: 64 }, silentContext());
  const one = { data: Float32Array.of(1, 0), rows: 1, dim: 2 };
  storeSet(library, { name: 'brought', vectors: one, hashes: ['0'.repeat(32)], regional: false, half: false });
  mkdirSync(library.file('thumbnails', 'ab'));
  writeFileSync(library.file('thumbnails', 'ab', `${'ab'.repeat(16)}-96.jpg`), sealed(Buffer.from('a thumbnail')));
  writeFileSync(library.file('staging', 'half'), 'unfinished');
  library.close();
});

async function backUp(
  given: JobGiven<'backup'>,
  task: TaskContext = silentContext(),
  from = path,
): Promise<JobResult<'backup'>> {
  const library = Library.open(from);
  try {
    return (await WORK.backup.run(library, given, task)) as JobResult<'backup'>;
  } finally {
    library.close();
  }
}

/** What covis check --full finds wrong in a library, its photos included. */
async function faults(at: string): Promise<unknown[]> {
  const library = Library.open(at);
  try {
    const { database, parts } = await WORK.check.run(library, { full: true }, silentContext());
    return [...database, ...parts.filter((p) => p.missing + p.damaged > 0).map((p) => [p.what, p.examples])];
  } finally {
    library.close();
  }
}

const contentOf = (at: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && !/^library\.(db.*|sound)$/.test(e.name))
      .map((e) => join(e.parentPath, e.name))
      .map((f) => [f.slice(at.length), readFileSync(f).toString('base64')]),
  );

describe('a backup', () => {
  it('restores to a library with the same files, in which nothing is wrong', async () => {
    const [out, back] = [fresh(), fresh()];
    const r = await backUp({ out });
    const wanted = contentOf(path);
    delete wanted['/staging/half'];
    expect(r).toMatchObject({ out, files: Object.keys(wanted).length + 1, reused: 0 });
    expect(await restoreBackup(out, back, silentContext())).toMatchObject({
      library: back,
      files: r.files,
      bytes: r.bytes,
    });
    expect(contentOf(back)).toEqual(wanted);
    expect(await faults(back)).toEqual([]);
    const library = Library.open(back);
    expect(library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get()).toBe(13);
    // What was under way when it was copied is not under way in the copy.
    expect(library.db.prepare("SELECT COUNT(*) FROM job WHERE state IN ('running', 'queued')").pluck().get()).toBe(0);
    library.close();
    expect(readdirSync(folder).filter((f) => /partial|before|lock/.test(f))).toEqual([]);
  });

  it('of before is brought up to date, and only what changed is copied', async () => {
    const [from, out, back] = [fresh(), fresh(), fresh()];
    cpSync(path, from, { recursive: true, preserveTimestamps: true });
    const first = await backUp({ out }, silentContext(), from);
    const library = Library.open(from);
    const two = { data: Float32Array.of(0, 1), rows: 1, dim: 2 };
    const set = storeSet(library, {
      name: 'new',
      vectors: two,
      hashes: ['1'.repeat(32)],
      regional: false,
      half: false,
    });
    library.close();
    // A file of the earlier backup that has rotted is seen, and copied again.
    const [model] = readdirSync(join(out, 'library', 'clusters'), { recursive: true, encoding: 'utf8' }).filter((f) =>
      f.endsWith('points.npy'),
    );
    const rotten = join(out, 'library', 'clusters', model!);
    const bytes = readFileSync(rotten);
    bytes[200]! ^= 1;
    writeFileSync(rotten, bytes);
    const second = await backUp({ out }, silentContext(), from);
    expect(second.files).toBe(first.files + 2);
    // All but the database, the one that rotted, and the two that are new.
    expect(second.reused).toBe(first.files - 2);
    expect(second.copiedBytes).toBeLessThan(first.copiedBytes / 2);
    await restoreBackup(out, back, silentContext());
    expect(existsSync(join(back, 'descriptors', `${set}.npy`))).toBe(true);
    expect(await faults(back)).toEqual([]);
  });

  it('without what can be computed again has no descriptors of networks, and says none', async () => {
    const [out, back] = [fresh(), fresh()];
    await backUp({ out, without: ['derived'] });
    await restoreBackup(out, back, silentContext());
    expect(await faults(back)).toEqual([]);
    const library = Library.open(back);
    expect(library.db.prepare('SELECT COUNT(*) FROM descriptor_set').pluck().get()).toBe(0);
    expect(library.db.prepare('SELECT name FROM vector_set').pluck().all()).toEqual(['brought']);
    expect(readdirSync(join(back, 'descriptors')).length).toBe(2);
    expect(readdirSync(join(back, 'thumbnails'))).toEqual([]);
    library.close();
  });

  it('is whole while another process writes, and is refused nothing by it', async () => {
    const [from, out, back] = [fresh(), fresh(), fresh()];
    cpSync(path, from, { recursive: true });
    const writer = spawn(process.execPath, [join(ROOT, 'test', 'support', 'write-on.ts'), from], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    writer.stdout.on('data', (d: Buffer) => said.push(d.toString()));
    await once(writer.stdout, 'data');
    const warnings: string[] = [];
    await backUp({ out }, silentContext(warnings), from);
    writer.kill('SIGTERM');
    const [code] = (await once(writer, 'close')) as [number];
    expect([code, said.join('')]).toEqual([0, expect.stringMatching(/^writing\nstored \d+\n$/)]);
    expect(warnings).toEqual([]);
    await restoreBackup(out, back, silentContext());
    expect(await faults(back)).toEqual([]);
  });

  it('leaves the earlier one as it was when it is stopped', async () => {
    const out = fresh();
    await backUp({ out });
    const before = contentOf(out);
    let steps = 0;
    const stopped: TaskContext = {
      ...silentContext(),
      step: () => (steps += 1),
      check: () => {
        if (steps > 2) throw cancelled();
      },
    };
    await expect(backUp({ out }, stopped)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(contentOf(out)).toEqual(before);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('goes on where one was killed, and touches nothing of others', async () => {
    const out = fresh();
    mkdirSync(`${out}.partial`);
    writeFileSync(join(`${out}.partial`, 'mine'), 'not of Covis');
    await expect(backUp({ out })).rejects.toMatchObject({ code: 'STATE_CONFLICT', file: `${out}.partial` });
    expect(readFileSync(join(`${out}.partial`, 'mine'), 'utf8')).toBe('not of Covis');
    writeFileSync(join(`${out}.partial`, 'covis-partial'), '');
    await backUp({ out });
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('is refused inside the library, around it, over other things, and over another library unless forced', async () => {
    for (const out of [path, join(path, 'backup'), folder])
      await expect(backUp({ out }), out).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: 'A library and its backup do not lie in one another',
      });
    const another = fresh();
    Library.create(another).close();
    await expect(backUp({ out: join(another, 'backup') })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    const used = fresh();
    mkdirSync(used);
    writeFileSync(join(used, 'letter.txt'), 'dear');
    for (const force of [false, true])
      await expect(backUp({ out: used, force })).rejects.toMatchObject({ code: 'STATE_CONFLICT', file: used });
    expect(readdirSync(used)).toEqual(['letter.txt']);
    const [out, other] = [fresh(), fresh()];
    await backUp({ out });
    Library.create(other).close();
    await expect(backUp({ out }, silentContext(), other)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await backUp({ out, force: true }, silentContext(), other)).toMatchObject({ files: 1, reused: 0 });
  });

  it('of a library that is damaged itself is made, and says what is damaged', async () => {
    const [from, out] = [fresh(), fresh()];
    cpSync(path, from, { recursive: true });
    const network = readdirSync(join(from, 'networks')).find((f) => f.endsWith('.onnx'))!;
    const bytes = readFileSync(join(from, 'networks', network));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(from, 'networks', network), bytes);
    const warnings: string[] = [];
    await backUp({ out }, silentContext(warnings), from);
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^1 of the files are missing or damaged in the library itself, as networks/${network}`),
      ),
    ]);
  });
});

describe('restoring', () => {
  let out = '';
  beforeAll(async () => {
    out = fresh();
    await backUp({ out });
  });
  const copyOf = (backup: string): string => {
    const to = fresh();
    cpSync(backup, to, { recursive: true });
    return to;
  };

  it('writes over nothing', async () => {
    const used = fresh();
    mkdirSync(used);
    writeFileSync(join(used, 'letter.txt'), 'dear');
    await expect(restoreBackup(out, used, silentContext())).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(restoreBackup(out, path, silentContext())).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: 'A library lies here, which is never written over',
    });
    await expect(restoreBackup(path, fresh(), silentContext())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(readdirSync(used)).toEqual(['letter.txt']);
  });

  it('begins with every digest, and makes nothing of a backup that is not as it was written', async () => {
    const damages: readonly [string, (backup: string) => void][] = [
      [
        'changed',
        (b) => {
          const f = join(b, 'library', 'library.db');
          const x = readFileSync(f);
          x[x.length - 1]! ^= 1;
          writeFileSync(f, x);
        },
      ],
      [
        'cut short',
        (b) => {
          const [f] = readdirSync(join(b, 'library', 'networks'));
          writeFileSync(join(b, 'library', 'networks', f!), 'x');
        },
      ],
      ['gone', (b) => rmSync(join(b, 'library', 'descriptors'), { recursive: true })],
      [
        'a link',
        (b) => {
          const f = join(b, 'library', 'library.db');
          cpSync(f, join(b, 'elsewhere'));
          rmSync(f);
          symlinkSync(join(b, 'elsewhere'), f);
        },
      ],
      ['no list', (b) => writeFileSync(join(b, 'covis-backup.json'), '{"format":1}')],
    ];
    for (const [what, damage] of damages) {
      const [backup, back] = [copyOf(out), fresh()];
      damage(backup);
      await expect(restoreBackup(backup, back, silentContext()), what).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
      expect(existsSync(back), what).toBe(false);
    }
  });

  it('takes no path out of the library from a list that a stranger wrote', async () => {
    const backup = copyOf(out);
    const file = join(backup, 'covis-backup.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { files: { path: string }[] };
    for (const bad of ['../out', '/tmp/out', 'a/../../out', 'a\\..\\out', '']) {
      writeFileSync(
        file,
        JSON.stringify({ ...manifest, files: [...manifest.files, { ...manifest.files[0]!, path: bad }] }),
      );
      await expect(restoreBackup(backup, fresh(), silentContext()), bad).rejects.toMatchObject({
        code: 'INPUT_CORRUPT',
      });
    }
    expect(existsSync(join(folder, 'out'))).toBe(false);
    expect(statSync(file).size).toBeGreaterThan(0);
  });
});
