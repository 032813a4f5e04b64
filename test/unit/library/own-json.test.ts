import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ownJson } from '../../../src/main/engine/library/own-json.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const schema = z.object({ models: z.array(z.string().regex(/^\d+$/)) });

it.each([
  ['what was written', '{"models":["0","12"]}', { models: ['0', '12'] }],
  ['nothing of a path out of its folder', '{"models":["../../photos"]}', undefined],
  ['nothing of text that ends early', '{"models":["0"', undefined],
  ['nothing of another thing', '[]', undefined],
  ['nothing of an empty file', '', undefined],
  ['nothing of lists in lists without end', '['.repeat(100_000), undefined],
])('of a file that Covis notes itself is taken: %s', (_, text, expected) => {
  const file = join(folder, 'noted.json');
  writeFileSync(file, text);
  expect(ownJson(file, schema)).toEqual(expected);
});

it('a file that is not there is nothing', () => {
  expect(ownJson(join(folder, 'no.json'), schema)).toBeUndefined();
});
