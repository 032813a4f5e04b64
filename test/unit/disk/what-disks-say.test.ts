import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBeside, writeFolder, writeTogether, writeWhole } from '../../../src/main/engine/formats/beside.ts';
import { bytesText, diskError, isFull } from '../../../src/main/engine/formats/disk.ts';
import { CovisError, toErrorShape } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const thrown = (code: string): Error => Object.assign(new Error(code), { code });

describe('what the system says of a disk', () => {
  it.each([
    ['ENOSPC', 'DISK_FULL', /^The disk is full: 5\.0 MB were wanted, .* are free$/],
    ['EDQUOT', 'DISK_FULL', /^This account may put no more on the disk: /],
    ['Unknown system error -122', 'DISK_FULL', /^This account may put no more on the disk: /],
    ['EFBIG', 'DISK_FULL', /^The disk takes no file as large as this: /],
    ['SQLITE_FULL', 'DISK_FULL', /^The disk of the database is full: /],
    ['EROFS', 'READ_ONLY', /^This disk cannot be written to$/],
    ['SQLITE_READONLY_DBMOVED', 'READ_ONLY', /^The database cannot be written to$/],
    ['EIO', 'INPUT_CORRUPT', /^The disk fails to read or write this$/],
    ['ENODEV', 'INPUT_MISSING', /^The disk of this is gone, or the connection to it$/],
    ['Unknown system error -116', 'INPUT_MISSING', /^The disk of this is gone, or the connection to it$/],
    ['SQLITE_BUSY', 'STATE_CONFLICT', /^Another program is writing to the database$/],
    ['SQLITE_PROTOCOL', 'STATE_CONFLICT', /^Another program is writing to the database$/],
  ])('%s is said as %s', (code, kind, sentence) => {
    expect(toErrorShape(diskError(thrown(code), at('x'), 5_000_000))).toMatchObject({
      code: kind,
      message: expect.stringMatching(sentence) as string,
      file: at('x'),
      hint: expect.any(String) as string,
    });
  });

  it('is found behind what only wraps it, and nothing else is', () => {
    const wrapped = new CovisError('INPUT_INVALID', 'Nothing can be written here', {
      file: at('x'),
      cause: thrown('ENOSPC'),
    });
    expect(diskError(wrapped)).toMatchObject({ code: 'DISK_FULL', file: at('x') });
    const other = new CovisError('INPUT_INVALID', 'Another thing', { cause: thrown('ENOENT') });
    expect(diskError(other)).toBe(other);
    expect(isFull(new TypeError('no'), at('x'))).toBe(false);
  });

  it('has amounts that people read', () => {
    expect([0, 999, 1000, 12_345_678, 4e12].map(bytesText)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.0 kB',
      '12.3 MB',
      '4.0 TB',
    ]);
  });
});

describe('a file that is put in its place whole', () => {
  it('leaves what was there, and nothing of its own, where it fails', () => {
    writeFileSync(at('kept'), 'before');
    const fail = (temporary: string): void => {
      writeFileSync(temporary, 'half');
      throw thrown('ENOSPC');
    };
    const writes = [
      () => writeBeside(at('kept'), { force: true }, fail),
      () =>
        writeTogether(
          [
            [at('first'), (t) => writeFileSync(t, 'one')],
            [at('kept'), fail],
          ],
          { force: true },
        ),
      () => writeFolder(folder, { force: true }, (staging) => fail(join(staging, 'kept'))),
    ];
    for (const write of writes) expect(write).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    expect([readdirSync(folder), readFileSync(at('kept'), 'utf8')]).toEqual([['kept'], 'before']);
  });

  it('goes over nothing that came there while it was written', () => {
    const late = at('late');
    expect(() =>
      writeBeside(late, {}, (temporary) => {
        writeFileSync(temporary, 'mine');
        writeFileSync(late, 'of another');
      }),
    ).toThrow('This file is there already');
    expect(readFileSync(late, 'utf8')).toBe('of another');
    writeWhole(late, 'mine', { force: true });
    expect(readFileSync(late, 'utf8')).toBe('mine');
  });

  it.runIf(process.platform !== 'win32')('is taken away half written where the program is ended', async () => {
    const here = at('signals');
    mkdirSync(here);
    const script = at('writes.mjs');
    const beside = join(import.meta.dirname, '../../../src/main/engine/formats/beside.ts');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs';
       const { Beside } = await import(${JSON.stringify(beside)});
       const file = new Beside(process.argv[2], {});
       writeFileSync(file.temporary, 'half');
       process.send('written');
       setInterval(() => undefined, 1000);`,
    );
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const child = fork(script, [join(here, 'out')]);
      await once(child, 'message');
      expect(readdirSync(here)).toHaveLength(1);
      child.kill(signal);
      const [, by] = (await once(child, 'exit')) as [number | null, string | null];
      expect([by, readdirSync(here), existsSync(join(here, 'out'))]).toEqual([signal, [], false]);
    }
  });
});
