import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Downloads } from '../../../src/main/engine/answers/downloads.ts';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';

/** Where downloads are written in these tests. */
const temporary = mkdtempSync(join(tmpdir(), 'covis-downloads-test-'));
let downloads: Downloads;
let server: StudioServer;

beforeAll(async () => {
  vi.stubEnv('TMPDIR', temporary);
  const engine = { onEvent: () => () => undefined, download: (id: string) => downloads.take(id) };
  server = await startServer(engine as unknown as Engine, {});
});
beforeEach(() => {
  downloads?.close();
  downloads = new Downloads();
});
afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

/** Something that a job wrote. */
function written(files: Readonly<Record<string, string>>, ready = true): { id: string; folder: string } {
  let folder = '';
  const { id } = downloads.begin('Castles-csv', (out) => {
    folder = out;
    for (const [name, text] of Object.entries(files)) writeFileSync(join(out, name), text);
    return { ready: () => ready };
  });
  return { id, folder };
}
const get = (path: string, key = server.token): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { Authorization: `Bearer ${key}` } });

describe('a download', () => {
  it('is the one file that was written, under its name, once; nothing of it stays', async () => {
    const { id, folder } = written({ 'Schlösser "1".csv': 'a,b' });
    const answer = await get(`/asset/download/${id}`);
    expect(await answer.text()).toBe('a,b');
    expect(answer.headers.get('Content-Disposition')).toBe(
      `attachment; filename="Schl_sser_1_.csv"; filename*=UTF-8''Schl%C3%B6sser%20%221%22.csv`,
    );
    expect([answer.headers.get('Content-Length'), answer.headers.get('Cache-Control')]).toEqual(['3', 'no-store']);
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false));
    expect((await get(`/asset/download/${id}`)).status).toBe(404);
  });

  it('is an archive where there are several', async () => {
    const { id } = written({ 'a.csv': '1', 'b.csv': '2' });
    const answer = await get(`/asset/download/${id}`);
    expect(answer.headers.get('Content-Disposition')).toContain('filename="Castles-csv.zip"');
    const archive = Buffer.from(await answer.arrayBuffer());
    // The signatures of an entry and of the end (APPNOTE 4.3).
    expect([archive.readUInt32LE(0), archive.readUInt32LE(archive.length - 22)]).toEqual([0x04034b50, 0x06054b50]);
    expect(archive.toString('latin1')).toMatch(/a\.csv1.*b\.csv2/s);
  });

  it('is nobody’s without the key, and is still there for who has it', async () => {
    const { id } = written({ 'a.csv': '1' });
    expect((await get(`/asset/download/${id}`, 'ab'.repeat(24))).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${server.port}/asset/download/${id}`)).status).toBe(401);
    expect((await get(`/asset/download/${id}`)).status).toBe(200);
  });

  it('is not there before its job is done, and stays for when it is', async () => {
    const { id, folder } = written({ 'half.csv': '1' }, false);
    expect((await get(`/asset/download/${id}`)).status).toBe(404);
    expect(existsSync(folder)).toBe(true);
  });

  it.each(['../../etc/passwd', '..%2f..%2fetc', 'constructor', ''])('%j is none', async (id) => {
    expect((await get(`/asset/download/${id}`)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('what waits to be downloaded', () => {
  it('is bounded: the oldest that is done goes; where all are being written, no more begins', () => {
    const first = written({ 'a.csv': '1' });
    const going = [1, 2, 3].map(() => written({}, false));
    const next = written({ 'b.csv': '2' });
    expect([existsSync(first.folder), existsSync(next.folder)]).toEqual([false, true]);
    expect(() => downloads.take(first.id)).toThrow(/nothing to download/);
    downloads.close();
    for (const { folder } of [...going, next]) expect(existsSync(folder)).toBe(false);
    for (let i = 0; i < 4; i += 1) written({}, false);
    expect(() => written({})).toThrow(/being written already/);
  });

  it('leaves nothing where its job could not be started', () => {
    let out = '';
    expect(() =>
      downloads.begin('x', (folder) => {
        out = folder;
        throw new Error('no run');
      }),
    ).toThrow('no run');
    expect(readdirSync(dirname(out)).some((n) => out.endsWith(n))).toBe(false);
  });
});
