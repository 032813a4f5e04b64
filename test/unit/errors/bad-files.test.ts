import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { OF_ALL, TAKEN, TEXTS } from './bad-files-texts.ts';
import { asAnybody, WAYS, WHOLE, type Way } from './made-files.ts';
import { expectPlain, saidOf } from './said.ts';

const folder = temporaryFolder();

// On systems where everybody may read everything there is nothing to refuse.
const ways = (Object.keys(WAYS) as Way[]).filter((w) => process.platform !== 'win32' || !/device|allowed/.test(w));

describe.each(WHOLE)('a file of the kind: $name', ({ name, spoilt, make, ask }) => {
  let library: Library;
  beforeAll(() => {
    chmodSync(folder, 0o755);
    library = Library.create(join(folder, `library of ${name}`));
  });
  afterAll(() => library.close());

  it.each(ways)('that is %s', async (way) => {
    const at = join(folder, `${name} ${way}`);
    mkdirSync(at);
    make(at);
    WAYS[way](join(at, spoilt));
    const work = async (): Promise<unknown> => ask(at, library);
    const thrown = await (way === 'not allowed' ? asAnybody(library.path, work) : work()).then(
      () => undefined,
      (error: unknown) => error,
    );
    const expected = OF_ALL[way] ?? TEXTS[name]![way];
    if (expected === TAKEN) {
      expect(thrown).toBeUndefined();
      return;
    }
    const said = saidOf(thrown, { IN: at });
    expect(said).toEqual(expected.length === 4 ? expected : [expected[0], expected[1], `IN/${spoilt}`, expected[2]]);
    expectPlain(said);
  });
});

it('each kind of file has a line for each way', () => {
  const own = ways.filter((w) => OF_ALL[w] === undefined);
  expect(Object.keys(TEXTS)).toEqual(WHOLE.map((w) => w.name));
  for (const [name, texts] of Object.entries(TEXTS)) expect([name, ...Object.keys(texts)]).toEqual([name, ...own]);
  expect(WHOLE.length).toBeGreaterThan(30);
});
