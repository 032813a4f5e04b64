/** Pages that people have open: each asks what the studio asks, now and then loses its connection, and comes again. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { RouteName } from '../../src/shared/routes/index.ts';

export interface Studio {
  readonly origin: string;
  readonly token: string;
}

/** What was asked, how long it took, and how it ended: `ok` or a code. */
export interface Asked {
  readonly what: string;
  readonly ms: number;
  readonly end: string;
}

export type Draw = (below: number) => number;

interface Facts {
  readonly photos: readonly string[];
  readonly clusters: readonly { readonly id: string; readonly photos: number }[];
  readonly runs: readonly number[];
}

const GIVE_UP_MS = 60_000;

export class Page {
  readonly #studio: Studio;
  readonly #draw: Draw;
  #socket: WebSocket | undefined;
  #waiting = new Map<number, (reply: { ok: boolean; data?: unknown; error?: { code: string } }) => void>();
  #next = 1;
  #facts: Facts = { photos: [], clusters: [], runs: [] };
  #list: { list: string; total: number } | undefined;

  constructor(studio: Studio, draw: Draw) {
    this.#studio = studio;
    this.#draw = draw;
  }

  async open(): Promise<void> {
    const socket = new WebSocket(`${this.#studio.origin.replace('http', 'ws')}/messages`, {
      headers: { Origin: this.#studio.origin, Authorization: `Bearer ${this.#studio.token}` },
    });
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const m = JSON.parse(String(data)) as { id?: number; reply: never };
      if (m.id === undefined) return;
      this.#waiting.get(m.id)?.(m.reply);
      this.#waiting.delete(m.id);
    });
    await once(socket, 'open');
    this.#socket = socket;
    const photos = await this.ask('photos.random', { count: 60, seed: this.#draw(1000) });
    const clusters = await this.ask('clusters.list', {});
    const runs = await this.ask('tuples.runs', {});
    this.#facts = {
      photos: ((photos.data ?? []) as { id: string }[]).map((p) => p.id),
      clusters: (clusters.data ?? []) as Facts['clusters'],
      runs: ((runs.data ?? []) as { id: number }[]).map((r) => r.id),
    };
    this.#list = undefined;
  }

  /** A window that is closed, or a machine that falls asleep. */
  leave(rudely: boolean): void {
    if (rudely) this.#socket?.terminate();
    else this.#socket?.close();
    this.#socket = undefined;
    this.#waiting.clear();
  }

  async ask(route: RouteName, params: unknown): Promise<Asked & { data?: unknown }> {
    const began = performance.now();
    const id = this.#next++;
    const reply = await new Promise<{ ok: boolean; data?: unknown; error?: { code: string } }>((resolve) => {
      const timer = setTimeout(() => resolve({ ok: false, error: { code: 'NO_ANSWER' } }), GIVE_UP_MS);
      this.#waiting.set(id, (r) => {
        clearTimeout(timer);
        resolve(r);
      });
      this.#socket?.send(JSON.stringify({ id, route, params }), (error) => {
        if (error != null) resolve({ ok: false, error: { code: 'NOT_SENT' } });
      });
    });
    const ms = performance.now() - began;
    return { what: route, ms, end: reply.ok ? 'ok' : (reply.error?.code ?? 'no code'), data: reply.data };
  }

  async #get(what: string, path: string): Promise<Asked> {
    const began = performance.now();
    let end: string;
    try {
      const response = await fetch(`${this.#studio.origin}${path}`, {
        headers: { Authorization: `Bearer ${this.#studio.token}` },
        signal: AbortSignal.timeout(GIVE_UP_MS),
      });
      await response.arrayBuffer();
      end = response.ok ? 'ok' : `status ${response.status}`;
    } catch (error) {
      end = error instanceof Error ? error.name : 'failed';
    }
    return { what, ms: performance.now() - began, end };
  }

  /** Does one of the things that people do, the frequent ones more often. */
  async doSomething(): Promise<Asked> {
    const draw = this.#draw;
    const of = <T>(all: readonly T[]): T | undefined => all[draw(all.length)];
    const photo = of(this.#facts.photos) ?? '';
    const cluster = of(this.#facts.clusters);
    const n = draw(100);
    if (n < 40) return this.#get('photo', `/asset/photo/${photo}?s=${[160, 320, 640][draw(3)]}`);
    if (n < 44) return this.#get('points', `/asset/cluster/${cluster?.id}/points?n=20000`);
    if (n < 46) return this.#get('page', '/');
    if (n < 62) return this.ask('search.run', { photo, top: 50, method: of(['cosine', 'cosine', 'aqe', 'hybrid']) });
    if (n < 64) {
      const hit = of(this.#facts.photos) ?? '';
      return this.ask('search.explain', { photo, hit });
    }
    if (n < 70) return this.ask('photos.info', { id: photo });
    if (n < 74) return this.ask('clusters.detail', { id: cluster?.id });
    if (n < 77) return this.ask('clusters.covisible', { id: cluster?.id, view: draw(cluster?.photos ?? 1) });
    if (n < 80) return this.ask('photos.find', { text: of(['a', '1', 'castle', 'zzz']), limit: 20 });
    if (n < 82) return this.ask('photos.overview', {});
    if (n < 84) return this.ask('matches.of', { photo });
    if (n < 92) return this.#tuples();
    if (n < 94) return this.ask(of(['library.current', 'clusters.list', 'jobs.list'] as const)!, {});
    if (n < 96) return this.ask(of(['evaluations.list', 'measurements.list', 'training.runs'] as const)!, {});
    if (n < 98) return this.ask(of(['sets.list', 'truths.list', 'networks.catalogue', 'settings.get'] as const)!, {});
    return this.ask('photos.duplicates', { bits: 4 + draw(5) });
  }

  async #tuples(): Promise<Asked> {
    const run = this.#facts.runs[this.#draw(this.#facts.runs.length)];
    if (this.#list === undefined || this.#draw(5) === 0) {
      const opened = await this.ask('tuples.open', { run, filter: {}, sort: 'mined' });
      if (opened.end === 'ok') this.#list = opened.data as { list: string; total: number };
      return opened;
    }
    const { list, total } = this.#list;
    const page = await this.ask('tuples.page', { list, from: this.#draw(Math.max(1, total)), limit: 50 });
    if (page.end !== 'NOT_FOUND') return page;
    // The engine keeps a few lists; a page asks for its own again.
    this.#list = undefined;
    return { ...page, end: 'ok' };
  }
}
