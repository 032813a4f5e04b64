/** Collections over the wire: what each answer weighs, and how long others wait while it is made. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { RouteName, RouteParams, RouteResults } from '../../src/shared/routes/index.ts';
import { serveLibrary } from '../e2e/serve.ts';
import { line } from './report.ts';

/** What others may wait at most. */
const LIMIT_MS = 200;
/** How often the one beside asks. */
const EVERY_MS = 25;
const PART = 10_000;

/** A page without a screen. */
class Wire {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: { ok: boolean; data?: unknown; error?: unknown }) => void>();
  #next = 1;
  /** Bytes of the largest message that came. */
  largest = 0;
  onJob: (job: { id: number; state: string; error?: unknown }) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.largest = Math.max(this.largest, data.length);
      const m = JSON.parse(String(data)) as { id?: number; reply?: never; event?: string; job?: never };
      if (m.event === 'job') this.onJob(m.job!);
      if (m.id === undefined) return;
      this.#waiting.get(m.id)?.(m.reply!);
      this.#waiting.delete(m.id);
    });
    socket.on('close', () => {
      for (const end of this.#waiting.values()) end({ ok: false, error: 'the connection was closed' });
    });
  }

  static async to(url: URL): Promise<Wire> {
    const socket = new WebSocket(`ws://${url.host}/messages`, {
      headers: { Origin: url.origin, Authorization: `Bearer ${url.searchParams.get('token')}` },
    });
    await once(socket, 'open');
    return new Wire(socket);
  }

  async ask<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
    const id = this.#next++;
    const reply = await new Promise<{ ok: boolean; data?: unknown; error?: unknown }>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, route, params }));
    });
    if (!reply.ok) throw new Error(`${route}: ${JSON.stringify(reply.error)}`);
    return reply.data as RouteResults<R>;
  }

  /** Waits for a job's end. */
  async done(start: () => Promise<{ job: number }>): Promise<void> {
    const ended = new Map<number, string>();
    let look = (): void => undefined;
    this.onJob = (j) => {
      if (!['done', 'failed', 'cancelled'].includes(j.state)) return;
      ended.set(j.id, j.state === 'done' ? 'done' : `${j.state}: ${JSON.stringify(j.error)}`);
      look();
    };
    const { job } = await start();
    await new Promise<void>((resolve, reject) => {
      look = () => {
        const how = ended.get(job);
        if (how === 'done') resolve();
        else if (how !== undefined) reject(new Error(how));
      };
      look();
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Longest wait of somebody else, who asks small things all the time. */
async function besides(other: Wire, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let over = false;
  const asking = (async () => {
    while (!over) {
      const began = performance.now();
      await other.ask('start.leaving', {});
      longest = Math.max(longest, performance.now() - began);
      await new Promise((r) => setTimeout(r, EVERY_MS));
    }
  })();
  await work();
  over = true;
  await asking;
  return longest;
}

/** @param path of a library with photos and without collections of that name. */
export async function curatingServed(path: string): Promise<void> {
  const { server, url } = await serveLibrary(path, { group: true });
  const [page, other] = [await Wire.to(new URL(url)), await Wire.to(new URL(url))];
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    page.largest = 0;
    const began = performance.now();
    const longest = await besides(other, work);
    const s = (performance.now() - began) / 1000;
    line(
      what,
      `${s.toFixed(2)} s, ${(page.largest / 1e3).toFixed(0)} kB at most`,
      `others wait ${longest.toFixed(0)} ms at most`,
      LIMIT_MS / longest,
    );
  };
  try {
    const ids: string[] = [];
    await step('all ids, by parts', async () => {
      const { list, total } = await page.ask('collections.open', { collection: null });
      for (let from = 0; from < total; from += PART)
        ids.push(...(await page.ask('collections.ids', { list, from, limit: PART })).photos);
    });
    const { id: collection } = await page.ask('collections.create', { name: 'Served' });
    await step('adding them as a page does', async () => {
      let list: string | undefined;
      for (let at = 0; at < ids.length; at += PART) {
        const photos = ids.slice(at, at + PART);
        const scores = photos.map((_, i) => i / PART);
        ({ list } = await page.ask('collections.gather', { photos, scores, ...(list === undefined ? {} : { list }) }));
      }
      await page.ask('collections.add', { collection, list });
    });
    await step('undo of it', () => page.ask('review.undo', {}));
    await step('redo of it', () => page.ask('review.redo', {}));
    await step('list of collections after it', () => page.ask('collections.list', {}));
    await step('opening it, and a page', async () => {
      const { list, total } = await page.ask('collections.open', { collection, sort: 'name' });
      await page.ask('collections.page', { list, from: total - 500, limit: 500 });
    });
    await step('commit, as a job', () => page.done(() => page.ask('collections.commit', { collection })));
    await step('list of collections after it', () => page.ask('collections.list', {}));
    await step('its difference from nothing, and a page', async () => {
      await page.ask('collections.diff', { collection, from: null, to: 1, limit: 1 });
      await page.ask('collections.diff', { collection, from: null, to: 1, kind: 'added', at: 99_000, limit: 200 });
    });
    await step('history', () => page.ask('collections.versions', { collection }));
    await step('taking out half of it', () =>
      page.ask('collections.remove', { collection, photos: ids.slice(0, 50_000) }),
    );
    await step('restoring the version', () => page.ask('collections.restore', { collection, version: 1 }));
    await step('a rule, with its count', () => page.ask('rules.preview', { rule: { is: 'name', pattern: '*7*.JPG' } }));
    await step('folds that are proposed, and a page', () =>
      page.ask('folds.propose', { apply: false, at: 0, limit: 50 }),
    );
    await step('folding near duplicates', () => page.ask('folds.propose', { apply: true, at: 0, limit: 0 }));
    await step('the folds of 200 thumbnails', () => page.ask('folds.under', { photos: ids.slice(0, 200) }));
    await step('folding the collection', () => page.ask('folds.collection', { collection }));
    await step('undo of it', () => page.ask('review.undo', {}));
    await step('choosing 20,000 by strata, as a job', () =>
      page.done(() => page.ask('jobs.start', { job: { kind: 'choose', n: 20_000, by: 'stratified', field: 'scene' } })),
    );
    await step('exporting a table of it, as a job', () =>
      page.done(() => page.ask('collection-files.download', { collection: 'Served', format: ['csv'] })),
    );
  } finally {
    page.close();
    other.close();
    process.kill(-server.pid!, 'SIGTERM');
    await once(server, 'exit');
  }
}
