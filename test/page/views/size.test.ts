import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const RENDERER = join(import.meta.dirname, '..', '..', '..', 'src', 'renderer');
const MOST = 250;

it('no component of the app, its actions or its views is longer than one can take in at once', () => {
  const long = ['app', 'actions', 'views'].flatMap((room) =>
    readdirSync(join(RENDERER, room), { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.vue'))
      .map((f) => ({
        file: `${room}/${f}`,
        lines: readFileSync(join(RENDERER, room, f), 'utf8').split('\n').length - 1,
      }))
      .filter(({ lines }) => lines > MOST),
  );
  expect(long).toEqual([]);
});
