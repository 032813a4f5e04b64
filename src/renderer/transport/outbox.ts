import { shallowRef } from 'vue';
import type { EngineEvent, Reply } from '../../shared/contract.ts';
import type { ErrorShape } from '../../shared/errors.ts';
import type { RouteName } from '../../shared/routes/index.ts';
import { isLost } from './again.ts';
import type { Channel } from './channel.ts';

/** What a person decided and the engine has not answered yet. */
export interface Kept {
  /** By which the engine knows it when it comes a second time. */
  readonly once: string;
  readonly route: RouteName;
  readonly params: Readonly<Record<string, unknown>>;
  /** Path of the library that it is about. */
  readonly library: string;
}

/** What became of something that was handed over. */
export interface Handed {
  /** The engine's answer, whenever it comes. */
  readonly answer: Promise<Reply<unknown>>;
  /** Resolves when the connection turns out to be lost before that: it is kept and sent later. */
  readonly kept: Promise<void>;
}

interface Entry extends Kept {
  readonly settle: (reply: Reply<unknown>) => void;
  readonly keep: () => void;
}

const STORED = 'covis-kept-';

/**
 * Decisions on their way, one after the other in the order in which they were made. They are written down in the page's storage first, so
 * that neither a lost connection nor a reload loses one, and each carries a key of its own, so that one whose answer was lost is sent again
 * without being done twice.
 */
export class Outbox {
  readonly #channel: () => Channel;
  readonly #stored = STORED + crypto.randomUUID();
  #entries: readonly Entry[] = [];
  #sending = false;
  /** Nobody can be asked. */
  #lost = false;
  /** Nothing is heard: lost, or a server that stands still. */
  #away = false;
  /** Path of the open library; undefined while it is not known. */
  #library: string | undefined;
  /** Those that were made when nobody could be asked, or whose answer was lost. */
  readonly kept = shallowRef<readonly Kept[]>([]);
  /** Told of what was refused without anybody who waits for it: it was made before a reload. */
  onRefused: (error: ErrorShape) => void = () => undefined;

  constructor(channel: () => Channel, onEvent: (listener: (event: EngineEvent) => void) => unknown) {
    this.#channel = channel;
    onEvent((e) => {
      if (e.event !== 'engine') return;
      if (e.state === 'ready') void this.#again();
      else if (e.state === 'heard') this.#heard();
      else this.#keep(e.state !== 'silent');
    });
    this.#adopt();
  }

  /** Which library is open: decisions about another one wait for it. */
  opened(path: string | undefined): void {
    this.#library = path;
    void this.#send();
  }

  hand(route: RouteName, params: Readonly<Record<string, unknown>>): Handed {
    let settle: Entry['settle'] = () => undefined;
    let keep: Entry['keep'] = () => undefined;
    const answer = new Promise<Reply<unknown>>((resolve) => (settle = resolve));
    const kept = new Promise<void>((resolve) => (keep = resolve));
    this.#put([
      ...this.#entries,
      { once: crypto.randomUUID(), route, params, library: this.#library ?? '', settle, keep },
    ]);
    if (this.#away) this.#keep(this.#lost);
    void this.#send();
    return { answer, kept };
  }

  /** Lets go of what waits for another library than the open one. */
  discard(): void {
    const gone = this.#entries.filter((e) => this.#elsewhere(e));
    this.#put(this.#entries.filter((e) => !this.#elsewhere(e)));
    for (const e of gone) e.settle({ ok: false, error: { code: 'CANCELLED', message: 'The decision was discarded' } });
    this.#show();
  }

  /** How many wait for a library that is not open. */
  elsewhere(): readonly Kept[] {
    return this.#entries.filter((e) => this.#elsewhere(e));
  }

  #elsewhere(e: Kept): boolean {
    return this.#library !== undefined && !this.#here(e);
  }

  /** Made in the open library, or before any was known. */
  #here(e: Kept): boolean {
    return e.library === '' || e.library === this.#library;
  }

  async #again(): Promise<void> {
    this.#lost = false;
    this.#away = false;
    // The address may lead to another library now.
    this.#library = undefined;
    const reply = await this.#channel().request('library.current', {});
    if (reply.ok) this.opened((reply.data as { readonly path: string } | null)?.path);
  }

  #heard(): void {
    this.#away = this.#lost;
    this.#show();
  }

  #keep(lost: boolean): void {
    this.#lost ||= lost;
    this.#away = true;
    for (const e of this.#entries) e.keep();
    this.#show();
  }

  #show(): void {
    this.kept.value = this.#away ? this.#entries : this.#entries.filter((e) => this.#elsewhere(e));
  }

  async #send(): Promise<void> {
    if (this.#sending || this.#lost) return;
    this.#sending = true;
    try {
      for (;;) {
        const entry = this.#entries.find((e) => this.#here(e));
        if (entry === undefined) break;
        const reply = await this.#channel().request(entry.route, { ...entry.params, once: entry.once });
        if (isLost(reply)) {
          this.#keep(true);
          break;
        }
        this.#put(this.#entries.filter((e) => e !== entry));
        entry.settle(reply);
      }
    } finally {
      this.#sending = false;
      this.#show();
    }
  }

  #put(entries: readonly Entry[]): void {
    this.#entries = entries;
    try {
      if (entries.length === 0) localStorage.removeItem(this.#stored);
      else
        localStorage.setItem(
          this.#stored,
          JSON.stringify(entries.map(({ once, route, params, library }): Kept => ({ once, route, params, library }))),
        );
    } catch {
      // Without a storage they last as long as the page.
    }
  }

  /** Takes over what pages left that are gone; one that is still there sends the same under the same keys. */
  #adopt(): void {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(STORED));
      const found = names.flatMap((name) => JSON.parse(localStorage.getItem(name) ?? '[]') as readonly Kept[]);
      if (found.length === 0) return;
      this.#put(
        found.map((k) => ({
          ...k,
          keep: () => undefined,
          settle: (reply) => {
            if (!reply.ok) this.onRefused(reply.error);
          },
        })),
      );
      for (const name of names) localStorage.removeItem(name);
    } catch {
      return;
    }
  }
}
