/**
 * Who is let in. Cookies know no ports: what a browser keeps as a cookie of 127.0.0.1 goes to every other server of this machine. So the
 * cookie opens the studio's program alone, which everybody has; the library opens to the key, which the page keeps in the storage of its
 * origin, whose port counts, and sends in a header or a WebSocket's protocol. Photos, whose requests carry no header of the page, have
 * addresses that begin with a word derived from the key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hush } from '../engine/environment/log-file.ts';
import { newToken } from './keys.ts';

const ONCE_MS = 120_000;
const YEAR_S = 31_536_000;
/** The protocol of messages; the key stands beside it as a protocol of its own, the only header of a WebSocket that a page can set. */
export const PROTOCOL = 'covis';
const KEY_PROTOCOL = /^key\.(\w+)$/;

/** What the studio's page keeps in its storage. */
export interface PageKeys {
  readonly key: string;
  /** First part of the addresses of photos. */
  readonly photos: string;
}

function same(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

/** Words that are good once, for two minutes. */
class OneTimeWords {
  readonly #good = new Map<string, number>();

  make(): string {
    const now = Date.now();
    for (const [word, until] of this.#good) if (until < now) this.#good.delete(word);
    const word = newToken();
    hush(word);
    this.#good.set(word, now + ONCE_MS);
    return word;
  }

  use(word: string): boolean {
    const until = this.#good.get(word);
    this.#good.delete(word);
    return until !== undefined && Date.now() < until;
  }
}

/** The doors of one server: what each of its secrets opens. */
export class Doors {
  readonly #token: string;
  readonly #photos: string;
  readonly #cookie: string;
  /** In addresses that a browser is started with. */
  readonly #links = new OneTimeWords();
  /** Behind the `#` of the page's address, which no server sees: the page gives one for the keys. */
  readonly #entrances = new OneTimeWords();

  constructor(token: string) {
    const derived = (what: string): string => createHmac('sha256', token).update(what).digest('hex').slice(0, 48);
    this.#token = token;
    this.#photos = derived('photos');
    this.#cookie = derived('program');
    for (const secret of [token, this.#photos, this.#cookie]) hush(secret);
  }

  /** A word for an address that other users of the machine may see. */
  link(): string {
    return this.#links.make();
  }

  /** Where an address with the key, or a link that is good once, leads; undefined for one that opens nothing. */
  entrance(query: URLSearchParams, port: number): Record<'Location' | 'Set-Cookie', string> | undefined {
    const given = query.get('token');
    const once = query.get('once');
    if (!((given !== null && same(given, this.#token)) || (once !== null && this.#links.use(once)))) return undefined;
    return {
      Location: `/#enter=${this.#entrances.make()}`,
      'Set-Cookie': `${cookieName(port)}=${this.#cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${YEAR_S}`,
    };
  }

  /** The keys for the word of an entrance, once. */
  enter(word: string): PageKeys | undefined {
    return this.#entrances.use(word) ? { key: this.#token, photos: this.#photos } : undefined;
  }

  /** Whether this is asked with the key. */
  hasKey(req: IncomingMessage): boolean {
    const bearer = /^Bearer (\w+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return same(bearer, this.#token);
    const offered = (req.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
    const key = offered.map((p) => KEY_PROTOCOL.exec(p)?.[1]).find((k) => k !== undefined);
    return key !== undefined && same(key, this.#token);
  }

  /** Whether the files of the studio's program may be had: with the key, or with the cookie of a browser that had it. */
  mayLoadProgram(req: IncomingMessage, port: number): boolean {
    if (this.hasKey(req)) return true;
    const name = `${cookieName(port)}=`;
    const cookie = (req.headers.cookie ?? '').split(/;\s*/).find((c) => c.startsWith(name));
    return cookie !== undefined && same(cookie.slice(name.length), this.#cookie);
  }

  /** The rest of a path that begins with the word for photos; undefined for any other. */
  behindPhotos(pathname: string): string | undefined {
    const [, word, rest] = /^\/(\w{48})(\/.*)$/.exec(pathname) ?? [];
    return word !== undefined && same(word, this.#photos) ? rest : undefined;
  }
}

function cookieName(port: number): string {
  return `covis_${port}`;
}
