import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { asAllowed, askedFor } from '../../../src/main/desktop/asked.ts';

describe('what a start of the desktop is asked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-asked-'));
  const library = join(folder, 'Bücher & Türme');
  mkdirSync(library);
  writeFileSync(join(library, 'library.db'), '');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const asked = (...words: string[]) => askedFor(words, folder);
  const link = (path: string): string => `covis://open?library=${encodeURIComponent(path)}`;

  it('nothing, the start page, or a library by name', () => {
    expect(asked()).toEqual({ library: '', byLink: false, start: false, refused: '' });
    expect(asked('--disable-gpu', '--start')).toMatchObject({ library: '', start: true });
    expect(asked('--library=x')).toMatchObject({ library: join(folder, 'x'), start: false });
    expect(asked('--library=')).toMatchObject({ library: '', start: false });
  });

  it('a library by its folder or its database, as a path or as a file manager says it', () => {
    for (const word of [
      'Bücher & Türme',
      library,
      join(library, 'library.db'),
      pathToFileURL(library).href,
      pathToFileURL(join(library, 'library.db')).href,
    ])
      expect(asked('--disable-gpu', word)).toEqual({ library, byLink: false, start: false, refused: '' });
  });

  it('only what is there: nothing is made where no library is', () => {
    for (const word of [folder, join(folder, 'none'), join(folder, 'library.db'), 'file://elsewhere/share/library.db'])
      expect(asked(word)).toMatchObject({
        library: '',
        start: true,
        refused: expect.stringMatching(/^(No library|This is no file)/),
      });
  });

  it('a link opens what was open before, and nothing else', () => {
    const by = asked(link(library));
    expect(by).toEqual({ library, byLink: true, start: false, refused: '' });
    expect(asAllowed(by, [library])).toEqual(by);
    const refused = asAllowed(by, [`${library} 2`]);
    expect(refused).toMatchObject({ library: '', start: true });
    expect(refused.refused).toContain('was not open here before');
    // Ways of saying the same place are one.
    expect(asAllowed(asked(link(`${library}/../Bücher & Türme/`)), [library]).library).toBe(library);
    // What a person or a file manager names needs not be known.
    expect(asAllowed(asked(library), []).library).toBe(library);
  });

  it.each([
    ['covis://import?library=/tmp/x', 'opens nothing'],
    ['covis://open', 'opens nothing'],
    ['covis://open?library=', 'opens nothing'],
    ['covis://open?library=relative', 'whole path'],
    ['covis://open?library=//server/share', 'whole path'],
    ['covis://open?library=%5C%5Cserver%5Cshare', 'whole path'],
    ['covis://[', 'cannot be read'],
  ])('%s is refused', (word, why) => {
    const a = asAllowed(asked(word), ['/tmp/x', '/server/share']);
    expect(a).toMatchObject({ library: '', start: true });
    expect(a.refused).toContain(why);
  });
});
