import { fork, type ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { join, sep } from 'node:path';
import type { EngineProcessMessage } from '../../src/main/server/engine-process.ts';

/** Where the running engine answers. */
export interface EngineAddress {
  readonly port: number;
  readonly token: string;
}

const QUIET_MS = 150;
const PATIENCE_MS = 3000;
const SOURCE = /\.(ts|mjs|json|wasm)$/;

/** Calls `changed` when sources below a folder changed, once for changes that come together. @returns what ends it. */
export function watchSources(folders: readonly string[], changed: (file: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watchers = folders.map((folder) =>
    watch(folder, { recursive: true }, (_event, name) => {
      if (name === null || !SOURCE.test(name)) return;
      clearTimeout(timer);
      timer = setTimeout(() => changed(join(folder, name)), QUIET_MS);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const w of watchers) w.close();
  };
}

/** The engine's process on one library, started again whenever its sources change. One that fails waits for the next change. */
export class DevEngine {
  readonly #root: string;
  readonly #library: string;
  readonly #say: (line: string) => void;
  readonly #unwatch: () => void;
  #child: ChildProcess | undefined;
  #address: EngineAddress | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(root: string, library: string, say: (line: string) => void) {
    this.#root = root;
    this.#library = library;
    this.#say = say;
    const desktop = join(root, 'src', 'main', 'desktop') + sep;
    this.#unwatch = watchSources([join(root, 'src', 'main'), join(root, 'src', 'shared')], (file) => {
      if (file.startsWith(desktop) || this.#closed) return;
      this.#say(`${file.slice(root.length + 1)} changed: the engine starts again`);
      void this.restart();
    });
  }

  /** Undefined while there is no engine. */
  get address(): EngineAddress | undefined {
    return this.#address;
  }

  /** Ends the engine that runs and starts one; resolves when it answers or has failed. */
  restart(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await this.#end();
      if (!this.#closed) await this.#start();
    });
    return this.#turn;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    await this.#turn;
    await this.#end();
  }

  #start(): Promise<void> {
    const child = fork(join(this.#root, 'src', 'main', 'server', 'engine-process.ts'), [this.#library], {
      cwd: this.#root,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    return new Promise((resolve) => {
      child.on('message', (m: EngineProcessMessage) => {
        if (m.type !== 'ready') return;
        this.#address = { port: m.port, token: m.token };
        resolve();
      });
      child.on('exit', (code, signal) => {
        if (this.#child === child) {
          this.#address = undefined;
          this.#child = undefined;
          if (!this.#closed) this.#say(`The engine ended (${signal ?? code}). It starts again with the next change.`);
        }
        resolve();
      });
    });
  }

  /** The engine closes its library when the channel closes; one that does not is killed. */
  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#address = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(late);
  }
}
