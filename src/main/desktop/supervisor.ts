import { spawn, type ChildProcess } from 'node:child_process';
import type { EngineEvent, Reply } from '../../shared/contract.ts';
import type { ErrorShape } from '../../shared/errors.ts';
import type { Unopened } from '../../shared/facts/desktop.ts';
import type { EngineProcessMessage, ParentMessage } from '../server/engine-process.ts';
import { ENGINE_FLAGS, engineEnvironment } from '../../../scripts/engine-node.mjs';

/** How the engine's process is started. */
export interface EngineCommand {
  readonly node: string;
  readonly script: string;
  readonly root: string;
}

const RESTARTS_IN_A_ROW = 3;
/** An engine that ends so often before it has opened a library is started without it. */
const ATTEMPTS_AT_LIBRARY = 2;
const CALM_AFTER_MS = 60_000;

/**
 * Keeps the engine's process alive: starts it, passes requests to it, rejects what is pending when it dies, starts it
 * again on the same library and says so.
 */
export class EngineSupervisor {
  readonly #command: EngineCommand;
  readonly #emit: (event: EngineEvent) => void;
  readonly #pending = new Map<number, (reply: Reply<unknown>) => void>();
  #child: ChildProcess | undefined;
  #ready: Promise<{ port: number; token: string }> = Promise.reject(new Error('not started'));
  #library = '';
  #unopened: Unopened | undefined;
  #next = 1;
  #failures = 0;
  #closing = false;

  constructor(command: EngineCommand, emit: (event: EngineEvent) => void) {
    this.#command = command;
    this.#emit = emit;
    this.#ready.catch(() => undefined);
  }

  /** Folder of the library that is open, or is being opened; empty where there is none. */
  get library(): string {
    return this.#library;
  }

  /** The library that was to be opened last, where that failed and none was opened since. */
  get unopened(): Unopened | undefined {
    return this.#unopened;
  }

  /** @param library folder to open, or empty for none. One that cannot be opened is {@link unopened}; the engine then runs without. */
  start(library: string): void {
    this.#library = library;
    let ready = false;
    const started = Date.now();
    const child = spawn(this.#command.node, [...ENGINE_FLAGS, this.#command.script, library], {
      cwd: this.#command.root,
      env: engineEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#ready = new Promise((resolve, reject) => {
      child.on('message', (m: EngineProcessMessage) => {
        if (m.type === 'ready') {
          ready = true;
          if (m.unopened !== undefined) this.#without(library, m.unopened);
          else if (library !== '') this.#unopened = undefined;
          resolve({ port: m.port, token: m.token });
          this.#emit({ event: 'engine', state: 'ready', message: '' });
        } else if (m.type === 'library') this.#has(m.path);
        else if (m.type === 'event') this.#emit(m.event);
        else {
          this.#pending.get(m.message.id)?.(m.message.reply);
          this.#pending.delete(m.message.id);
        }
      });
      child.on('error', reject);
      child.on('exit', () => reject(new Error('The engine ended before it was ready')));
    });
    this.#ready.catch(() => undefined);
    let gone = false;
    const onGone = (why: string): void => {
      if (gone) return;
      gone = true;
      this.#onGone(why, Date.now() - started, ready);
    };
    child.on('error', (error) => onGone(error.message));
    child.on('exit', (code, signal) => onGone(signal === null ? `code ${code}` : signal));
  }

  /** A page opened or closed a library; engines that may follow open the same. */
  #has(path: string): void {
    this.#library = path;
    if (path !== '') this.#unopened = undefined;
  }

  #without(path: string, error: ErrorShape): void {
    this.#unopened = { path, error };
    this.#library = '';
  }

  #onGone(why: string, livedMs: number, wasReady: boolean): void {
    for (const answer of this.#pending.values()) {
      answer({ ok: false, error: { code: 'ENGINE_EXITED', message: `The engine ended (${why}) before it answered` } });
    }
    this.#pending.clear();
    if (this.#closing) return;
    this.#failures = livedMs > CALM_AFTER_MS ? 1 : this.#failures + 1;
    if (!wasReady && this.#library !== '' && this.#failures >= ATTEMPTS_AT_LIBRARY) {
      this.#without(this.#library, {
        code: 'ENGINE_EXITED',
        message: `The engine ended ${this.#failures} times while it opened this library (${why})`,
        hint: 'Check and repair it, or open another.',
      });
      this.#failures = 0;
      this.#emit({ event: 'engine', state: 'restarting', message: 'The engine is started without a library.' });
      this.start('');
      return;
    }
    if (this.#failures > RESTARTS_IN_A_ROW) {
      this.#emit({
        event: 'engine',
        state: 'gone',
        message: `The engine ended ${this.#failures} times in a row (${why}). Restart Covis; nothing that was finished is lost.`,
      });
      return;
    }
    this.#emit({
      event: 'engine',
      state: 'restarting',
      message: `The engine ended unexpectedly (${why}) and was started again. A job that ran is in the list of jobs and can be started again.`,
    });
    this.start(this.#library);
  }

  /** Ends the engine that runs and starts another on the same library, as when its sources have changed. */
  restart(): void {
    this.#failures = 0;
    this.#child?.kill();
  }

  /** Process id of the engine that runs now. */
  pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Sends a request; the reply says `ENGINE_EXITED` if the engine dies first. */
  async request(route: string, params: unknown, from: 'page' | 'host'): Promise<Reply<unknown>> {
    try {
      await this.#ready;
    } catch (error) {
      return {
        ok: false,
        error: { code: 'ENGINE_EXITED', message: error instanceof Error ? error.message : String(error) },
      };
    }
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      const message: ParentMessage = { from, request: { id, route, params } };
      this.#child?.send(message, (error) => {
        if (error === null) return;
        this.#pending.delete(id);
        resolve({ ok: false, error: { code: 'ENGINE_EXITED', message: error.message } });
      });
    });
  }

  /** Opens another library in the running engine, and in those that may follow it. */
  async openLibrary(path: string): Promise<Reply<unknown>> {
    const reply = await this.request('library.open', { path }, 'host');
    if (reply.ok) {
      this.#library = path;
      this.#unopened = undefined;
    }
    return reply;
  }

  /** Fetches an asset from the engine's loopback server. */
  async fetchAsset(path: string, init: { method: string; body?: ArrayBuffer }): Promise<Response> {
    const { port, token } = await this.#ready;
    return fetch(`http://127.0.0.1:${port}${path}`, {
      method: init.method,
      headers: { Authorization: `Bearer ${token}` },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
  }

  /** Ends the engine; it closes its library when the channel closes. */
  close(): void {
    this.#closing = true;
    this.#child?.disconnect();
  }
}
