/**
 * Opens the studio in a Chromium in which nothing looks on, and asks it afterwards what a person waited for. Who watches requests has the place of
 * each one's origin written down: for that the code of the page is read once more, in the middle of its longest tasks (25 to 30 ms of 90).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { atRest } from './processes.ts';
import type { Subject } from './studio-subjects.ts';

/** In the page: resolves with milliseconds from the navigation to the frame in which the content stands, and the longest task until half a second after. */
const ASK = (content: string): string => `new Promise((resolve) => {
  const tasks = [];
  new PerformanceObserver((l) => { for (const e of l.getEntries()) tasks.push([e.startTime, e.duration]); }).observe({ type: 'longtask', buffered: true });
  const ends = performance.now() + 20000;
  const look = () => {
    const there = document.querySelector(${JSON.stringify(content)}) !== null;
    if (!there && performance.now() < ends) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => {
      const painted = there ? performance.now() : Infinity;
      setTimeout(() => resolve(JSON.stringify({ painted: there ? painted : -1, tasks })), 500);
    }));
  };
  look();
})`;

export interface Unwatched {
  readonly painted: number;
  readonly longest: number;
  /** Start and length of each task of more than 50 ms. */
  readonly tasks: readonly (readonly [number, number])[];
}

/** A browser of its own. Every view is opened in a profile that has nothing of the page. */
export class UnwatchedBrowser {
  readonly #program: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>();
  #last = 0;

  private constructor(program: ChildProcess, folder: string, socket: WebSocket) {
    this.#program = program;
    this.#folder = folder;
    this.#socket = socket;
    socket.on('message', (data) => {
      const { id, result, error } = JSON.parse(String(data)) as {
        id?: number;
        result?: Readonly<Record<string, unknown>>;
        error?: { message: string };
      };
      if (id === undefined) return;
      this.#waiting.get(id)?.(error === undefined ? result! : { error: error.message });
      this.#waiting.delete(id);
    });
  }

  static async start(args: readonly string[]): Promise<UnwatchedBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'covis-unwatched-'));
    const program = spawn(
      '/usr/bin/chromium',
      [
        ...args,
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        '--window-size=1440,900',
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    for await (const line of createInterface({ input: program.stderr! })) {
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address === undefined) continue;
      program.stderr!.resume();
      const socket = new WebSocket(address);
      await once(socket, 'open');
      return new UnwatchedBrowser(program, folder, socket);
    }
    throw new Error('Chromium does not say where it listens.');
  }

  async #ask<T>(method: string, params: Readonly<Record<string, unknown>>, sessionId?: string): Promise<T> {
    this.#last += 1;
    const id = this.#last;
    const answered = new Promise<Readonly<Record<string, unknown>>>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const result = await answered;
    if (result['error'] !== undefined) throw new Error(`${method}: ${String(result['error'])}`);
    return result as T;
  }

  /** @param url of a server, with its token. */
  async openAt(url: string, s: Subject): Promise<Unwatched> {
    const entrance = await fetch(url, { redirect: 'manual' });
    const { hash } = new URL(entrance.headers.get('location')!, url);
    const [name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(entrance.headers.getSetCookie()[0] ?? '')?.slice(1) ?? [];
    const { browserContextId } = await this.#ask<{ browserContextId: string }>('Target.createBrowserContext', {});
    try {
      const cookie = { name, value, url: new URL(url).origin, httpOnly: true, sameSite: 'Strict' };
      await this.#ask('Storage.setCookies', { browserContextId, cookies: [cookie] });
      const { targetId } = await this.#ask<{ targetId: string }>('Target.createTarget', {
        url: 'about:blank',
        browserContextId,
      });
      const { sessionId } = await this.#ask<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      });
      await atRest();
      await this.#ask('Page.navigate', { url: `${new URL(s.path, url).href}${hash}` }, sessionId);
      const { result } = await this.#ask<{ result: { value: string } }>(
        'Runtime.evaluate',
        { expression: ASK(s.content), awaitPromise: true, returnByValue: true },
        sessionId,
      );
      const { painted, tasks } = JSON.parse(result.value) as { painted: number; tasks: [number, number][] };
      return { painted: painted < 0 ? Infinity : painted, tasks, longest: Math.max(0, ...tasks.map(([, d]) => d)) };
    } finally {
      await this.#ask('Target.disposeBrowserContext', { browserContextId });
    }
  }

  async close(): Promise<void> {
    const ended = once(this.#program, 'exit');
    this.#program.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
