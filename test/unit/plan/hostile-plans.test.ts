import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commitOf } from '../../../src/main/engine/plan/code.ts';
import { collectPlan } from '../../../src/main/engine/plan/collect.ts';
import { readPlan, shardFiles, tableFile, type Plan } from '../../../src/main/engine/plan/folder.ts';
import { decodeRows, encodeRows } from '../../../src/main/engine/plan/works/extract-result.ts';
import { statusOf } from '../../../src/main/engine/plan/status.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { doShards, placeLibrary, planExtract, thrown, withLibrary } from '../../support/planned.ts';

const folder = temporaryFolder();
const library = join(folder, 'library');
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
let plan: Plan;
let copies = 0;

beforeAll(async () => {
  await placeLibrary(library);
  plan = await planExtract(library, { shards: 2, out: join(folder, 'plan') });
  await doShards(plan, [1, 2]);
}, 120_000);

/** A copy of the plan, with something else in one of its files. */
function copy(change: (file: Record<string, never>) => unknown = (f) => f): string {
  const to = join(folder, `copy${(copies += 1)}`);
  cpSync(plan.folder, to, { recursive: true });
  const file = join(to, 'plan.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, never>;
  const next = change(json);
  if (next !== json) writeFileSync(file, typeof next === 'string' ? next : JSON.stringify(next));
  return to;
}

const collect = (path: string): Promise<unknown> =>
  withLibrary(library, (l) => collectPlan(l, readPlan(path), silentContext()));
const refused = (path: string): Promise<Error & { code: string; file?: string | undefined }> =>
  thrown(Promise.resolve().then(() => readPlan(path)));

describe('files of a plan that others wrote', () => {
  it.each([
    ['no JSON', () => '{'],
    ['nothing of a plan', () => '[]'],
    [
      'a stage that leads elsewhere',
      (f: object) => ({
        ...f,
        stages: [{ name: '../x', after: [], shards: [{ sha256: 'a'.repeat(64), bytes: 1, items: 1 }] }],
      }),
    ],
    [
      'a stage after itself',
      (f: object) => ({
        ...f,
        stages: [{ name: 'x', after: ['x'], shards: [{ sha256: 'a'.repeat(64), bytes: 1, items: 1 }] }],
      }),
    ],
    [
      'too many photos',
      (f: object) => ({
        ...f,
        stages: [{ name: 'x', after: [], shards: [{ sha256: 'a'.repeat(64), bytes: 1, items: 1e9 }] }],
      }),
    ],
    ['a file outside', (f: object) => ({ ...f, files: { '../network': { sha256: 'a'.repeat(64), bytes: 1 } } })],
    ['an unknown key', (f: object) => ({ ...f, also: 1 })],
    ['other work', (f: object) => ({ ...f, work: 'rm' })],
  ])('are refused for %s', async (_, change) => {
    const path = copy(change as never);
    expect(await refused(path)).toMatchObject({ code: 'INPUT_CORRUPT', file: join(path, 'plan.json') });
  });

  it('of another format are said to be of another version', async () => {
    const path = copy((f) => ({ ...f, format: 1 }));
    expect(await refused(path)).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(await refused(join(folder, 'nowhere'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lead nowhere else', async () => {
    const path = copy();
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    rmSync(join(path, 'results', 'extract'), { recursive: true });
    symlinkSync(outside, join(path, 'results', 'extract'));
    expect(await refused(path)).toMatchObject({ code: 'INPUT_CORRUPT', file: join(path, 'results', 'extract') });
  });

  it('are not taken by the library that made another plan, nor where they were changed since', async () => {
    const changed = copy((f) => ({ ...f, params: { ...(f['params'] as unknown as object), size: 96 } }));
    expect(await thrown(collect(changed))).toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'This plan is not as this library made it',
    });
    const other = copy((f) => ({ ...f, uid: 'f'.repeat(16) }));
    expect((await thrown(collect(other))).code).toBe('NOT_FOUND');
  });

  it('with another list of photos are not begun', async () => {
    const path = copy();
    const one = shardFiles(path, 'extract', 1);
    rmSync(one.done);
    const table = tableFile(path, 'extract');
    const lines = readFileSync(table, 'utf8');
    // Of the same length, so that every other shard stands where it stood.
    writeFileSync(table, lines.replace(/"path":"\/[^"]{3}/, '"path":"/etc'));
    expect(await thrown(doShards(readPlan(path), [1]))).toMatchObject({ code: 'INPUT_CORRUPT', file: table });
    expect(existsSync(one.done)).toBe(false);
    for (const change of [lines.slice(0, 10), '', undefined]) {
      rmSync(table);
      if (change !== undefined) writeFileSync(table, change);
      expect(await thrown(doShards(readPlan(path), [1]))).toMatchObject({ file: table });
    }
    rmSync(table, { force: true });
    symlinkSync('/etc/passwd', table);
    expect(await thrown(doShards(readPlan(path), [1]))).toMatchObject({ file: table });
  });

  it('with results of photos that their shard has not are refused, also with a digest that fits', async () => {
    const path = copy();
    const files = shardFiles(path, 'extract', 1);
    const bytes = encodeRows([['e'.repeat(32), new Float32Array(256)]], 256);
    writeFileSync(files.result, bytes);
    const said = JSON.parse(readFileSync(files.done, 'utf8')) as { items: number };
    writeFileSync(
      files.done,
      JSON.stringify({ ...said, sha256: sha(bytes), bytes: bytes.length, done: 1, failed: said.items - 1 }),
    );
    expect(await thrown(collect(path))).toMatchObject({ code: 'INPUT_CORRUPT', file: files.result });
    writeFileSync(files.done, JSON.stringify({ ...said, version: '9.9.9' }));
    expect((await thrown(collect(path))).message).toMatch(/^This shard was done by Covis 9\.9\.9/);
    writeFileSync(files.done, 'x'.repeat(100));
    expect(await thrown(collect(path))).toMatchObject({ code: 'INPUT_CORRUPT', file: files.done });
  });

  it('are looked at whatever lies beside them', () => {
    const path = copy();
    const results = join(path, 'results', 'extract');
    rmSync(join(results, '0001.done'));
    for (const [name, text] of [
      ['0001.failed', '{'],
      ['0001.running', 'x'],
      ['9999.done', '{}'],
      ['..done', ''],
    ] as const)
      writeFileSync(join(results, name), text);
    writeFileSync(join(path, 'submitted.json'), '{"executor":"other"}');
    writeFileSync(join(path, 'queue.json'), '[]');
    expect(statusOf(readPlan(path))).toMatchObject({ state: 'failed', stages: [{ counts: { done: 1, failed: 1 } }] });
  });
});

describe('results of a shard', () => {
  it('are read as they were written, and refused otherwise', () => {
    const rows = [['0f'.repeat(16), Float32Array.of(1, -0.5, Infinity)]] as const;
    const bytes = encodeRows(rows, 3);
    expect(bytes.length).toBe(8 + 8 + 16 + 12);
    expect(decodeRows(bytes, 3, 'f')).toEqual(rows);
    for (const wrong of [
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.alloc(4),
      Buffer.alloc(64),
    ])
      expect(() => decodeRows(wrong, 3, 'f')).toThrow(/^This result of a shard/);
    expect(() => decodeRows(bytes, 4, 'f')).toThrow('This result of a shard has not 4 dimensions');
    // More rows than any file has.
    const many = Buffer.from(bytes);
    many.writeUInt32LE(0xffffffff, 8);
    expect(() => decodeRows(many, 3, 'f')).toThrow('is not as long as it says');
  });
});

describe('the commit of a checkout', () => {
  it('is that of its branch, its packed branch or its head, also in a worktree', () => {
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const git = join(folder, 'checkout', '.git');
    mkdirSync(join(git, 'refs', 'heads'), { recursive: true });
    writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(git, 'packed-refs'), `# pack-refs\n${commit} refs/heads/main\n`);
    expect(commitOf(join(folder, 'checkout'))).toBe(commit);
    writeFileSync(join(git, 'refs', 'heads', 'main'), `${commit.replaceAll('0', 'a')}\n`);
    expect(commitOf(join(folder, 'checkout'))).toBe(commit.replaceAll('0', 'a'));
    const tree = join(git, 'worktrees', 'w');
    mkdirSync(tree, { recursive: true });
    writeFileSync(join(tree, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(tree, 'commondir'), '../..\n');
    mkdirSync(join(folder, 'w'));
    writeFileSync(join(folder, 'w', '.git'), `gitdir: ${tree}\n`);
    expect(commitOf(join(folder, 'w'))).toBe(commit.replaceAll('0', 'a'));
    writeFileSync(join(git, 'HEAD'), `${commit}\n`);
    expect(commitOf(join(folder, 'checkout'))).toBe(commit);
    expect(commitOf(join(folder, 'nowhere'))).toBe(null);
  });
});
