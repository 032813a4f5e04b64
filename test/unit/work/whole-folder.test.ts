import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginFolder } from '../../../src/main/engine/work/whole-folder.ts';
import { temporaryFolder } from '../../support/folders.ts';

const MARK = 'covis-partial';
const folder = temporaryFolder();
let made = 0;
const fresh = (): string => join(folder, `place-${(made += 1)}`);
function put(at: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(at, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text);
}
const content = (at: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at)
      .sort()
      .map((name) => [name, readFileSync(join(at, name), 'utf8')]),
  );
/** Makes the folder anew, with one file. */
function make(place: string, text: string): void {
  const making = beginFolder(place);
  try {
    writeFileSync(join(making.path, 'a'), text);
    making.finish();
  } finally {
    making.release();
  }
}
const beside = (place: string): string[] => ['partial', 'before'].filter((end) => existsSync(`${place}.${end}`));

describe('a folder that is made whole', () => {
  it('takes the place of an older one, and leaves nothing beside it', () => {
    const place = fresh();
    make(place, 'first');
    make(place, 'second');
    expect(content(place)).toEqual({ a: 'second' });
    expect(beside(place)).toEqual([]);
  });

  /** What is found where a process died as it made `new` in place of `old`, at each step. */
  it.each<[string, Record<string, Record<string, string>>, Record<string, string>]>([
    ['as it wrote', { '': { a: 'old' }, '.partial': { [MARK]: '', a: 'ne' } }, { a: 'old' }],
    ['as it marked the old one', { '': { a: 'old', [MARK]: '' }, '.partial': { [MARK]: '', a: 'new' } }, { a: 'old' }],
    [
      'between the renames',
      { '.before': { a: 'old', [MARK]: '' }, '.partial': { [MARK]: '', a: 'new' } },
      { a: 'old' },
    ],
    ['after the renames', { '': { a: 'new', [MARK]: '' }, '.before': { a: 'old', [MARK]: '' } }, { a: 'new' }],
    ['as the old one went', { '': { a: 'new' }, '.before': { [MARK]: '' } }, { a: 'new' }],
    ['as the unfinished one went', { '': { a: 'old' }, '.partial': { [MARK]: '' } }, { a: 'old' }],
  ])('is made again after its process died %s', (_, found, holds) => {
    const place = fresh();
    for (const [end, files] of Object.entries(found)) put(`${place}${end}`, files);
    const making = beginFolder(place);
    // What was there before stays until the new one is done.
    expect(content(place)).toEqual(holds);
    making.release();
    expect(content(place)).toEqual(holds);
    expect(beside(place)).toEqual([]);
    make(place, 'again');
    expect(content(place)).toEqual({ a: 'again' });
    expect(beside(place)).toEqual([]);
  });

  it.each(['.partial', '.before'])('touches no folder of others at PLACE%s', (end) => {
    const place = fresh();
    put(place, { a: 'old' });
    put(`${place}${end}`, { letter: 'dear' });
    expect(() => beginFolder(place)).toThrow(
      expect.objectContaining({ code: 'STATE_CONFLICT', file: `${place}${end}` }),
    );
    expect(content(`${place}${end}`)).toEqual({ letter: 'dear' });
    expect(content(place)).toEqual({ a: 'old' });
  });
});
