import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = join(folder, 'library');

function covis(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'collection', ...args], { encoding: 'utf8' });
}

function done(...args: string[]): Record<string, unknown> {
  const r = covis(...args, '--json');
  expect(r.status, `${args.join(' ')}\n${r.stderr}`).toBe(0);
  return JSON.parse(r.stdout) as Record<string, unknown>;
}

it('a curator gathers, describes, commits, compares, restores, and merges what another decided', async () => {
  (await smallLibrary(at)).close();
  done('create', at, 'Towers');
  expect(done('add', at, 'Towers', '--scene', 'castle')).toMatchObject({ added: 13, already: 0 });
  writeFileSync(join(folder, 'list.txt'), 'castle_01.jpg\npagoda_01.jpg\n');
  expect(done('add', at, 'Towers', '--from', join(folder, 'list.txt'))).toMatchObject({ added: 1, already: 1 });
  expect(covis('add', at, 'Towers', 'nobody.jpg').stderr).toMatch(/no single photo nobody\.jpg/);
  expect(covis('add', at, 'Towers', '--all', '--scene', 'castle').stderr).toMatch(/Say one thing/);
  expect(covis('add', at, 'Towers', '--all', '--top', '3').stderr).toMatch(/--top goes with --search/);
  done('set', at, 'Towers', 'title', 'Towers, all of them');
  done('set', at, 'Towers', 'keywords', 'a; b', 'c', '--photos', 'castle_01.jpg');
  expect(covis('set', at, 'Towers', 'date', '31.2.1994').stderr).toMatch(/no date of EDTF/);
  const first = done('commit', at, 'Towers', '--message', 'first', '--author', 'Ada', '--tag', 'v1');
  expect(first).toMatchObject({ number: 1, items: 14, tags: ['v1'], parents: [], gone: [] });
  expect(covis('commit', at, 'Towers').stderr).toMatch(/Nothing has changed since version 1/);

  const table = join(folder, 'fields.csv');
  done('fields', 'export', at, 'Towers', '--out', table);
  expect(done('fields', 'import', at, 'Towers', table)).toMatchObject({ changed: 0, same: 14, action: null });
  writeFileSync(table, readFileSync(table, 'utf8').replace('a\\; b; c', 'other'));
  expect(done('fields', 'import', at, 'Towers', table)).toMatchObject({ changed: 1 });
  done('remove', at, 'Towers', 'pagoda_01.jpg');
  expect(done('diff', at, 'Towers')).toMatchObject({ from: 1, to: 'working', counts: { removed: 1, described: 1 } });
  done('commit', at, 'Towers', '--author', 'Ada');
  const bundle = join(folder, 'ada.jsonl');
  expect(done('bundle', at, 'Towers@2', '--base', 'v1', '--out', bundle)).toMatchObject({ decisions: 2 });
  expect(done('restore', at, 'Towers@v1')).toMatchObject({ number: 1, missing: [] });
  done('set', at, 'Towers', 'keywords', 'mine', '--photos', 'castle_01.jpg');
  expect(done('merge', at, 'Towers', bundle)).toMatchObject({ removed: 1, conflicts: 1, author: 'Ada' });
  expect(done('merge', at, 'Towers', bundle)).toMatchObject({ already: true });
  const [conflict] = done('conflicts', at, 'Towers') as unknown as {
    aspect: string;
    proposals: { author: string }[];
  }[];
  const ada = conflict!.proposals.findIndex((p) => p.author === 'Ada');
  done('conflicts', at, 'Towers', '--judge', '1', '--take', String(ada + 1));
  expect(done('show', at, 'Towers')).toMatchObject({ items: 13, conflicts: 0, changes: { removed: 0, described: 0 } });
  const versions = done('versions', at, 'Towers') as unknown as { number: number; digest: string }[];
  expect(versions.map((v) => v.number)).toEqual([2, 1]);
  expect(done('show', at, `Towers@${versions[1]!.digest.slice(0, 10)}`)).toMatchObject({ version: { number: 1 } });
  expect(covis('show', at, 'Towers@7').stderr).toMatch(/has no version "7"\n {2}It has 2 \(/);
  done('rename', at, 'Towers', 'Keeps');
  done('delete', at, 'Keeps');
  expect(done('list', at)).toEqual([]);
}, 240_000);
