/**
 * How a page of `covis serve` comes in: its keys, and the connection that it speaks over. It is in a file of its own (first.ts) that a browser
 * reads and runs while the rest of the page still comes, so that the engine can be asked as soon as there is something to ask; nothing else is
 * needed for it.
 */

/**
 * The key to `covis serve`, kept in the storage of this origin: unlike a cookie it stays away from other ports of this machine. The
 * desktop's page has none, its scheme lets it in; nor has that of the development server.
 */
export interface PageKeys {
  readonly key: string;
  /** First part of the addresses of photos, whose requests carry no header of ours. */
  readonly photos: string;
}

/** Under which name the keys are kept. */
export const STORED = 'covis-keys';
const ENTRANCE = /^#enter=(\w+)$/;
const WORD = /^\w{48}$/;

/** The keys that this origin has; none in the desktop's page. */
export function storedKeys(): PageKeys | undefined {
  if (window.covis !== undefined) return undefined;
  try {
    const { key, photos } = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<PageKeys>;
    return WORD.test(key ?? '') && WORD.test(photos ?? '') ? { key: key!, photos: photos! } : undefined;
  } catch {
    return undefined;
  }
}

/** Exchanges the word in the address for keys. It is good once and leaves the address. */
async function exchange(word: string): Promise<PageKeys | undefined> {
  history.replaceState(history.state, '', location.pathname + location.search);
  let keys: PageKeys | undefined;
  try {
    const answer = await fetch('/enter', { method: 'POST', body: word });
    if (!answer.ok) return undefined;
    keys = (await answer.json()) as PageKeys;
    localStorage.setItem(STORED, JSON.stringify(keys));
  } catch {
    // Without a storage the keys last as long as the page; without an answer the page says that it is not known.
  }
  return keys;
}

/** Opens a connection. @param keys are a protocol of it, the only header that a page can set. */
export function openSocket(keys: PageKeys | undefined): WebSocket {
  return new WebSocket(`ws://${location.host}/messages`, keys === undefined ? [] : ['covis', `key.${keys.key}`]);
}

/** What a page has come in with. */
export interface Entered {
  readonly keys: PageKeys | undefined;
  /** Begun, not necessarily open. The desktop's page speaks over its bridge and has none. */
  readonly socket: WebSocket | undefined;
}

async function comeIn(): Promise<Entered> {
  const word = ENTRANCE.exec(location.hash)?.[1];
  const keys = (word === undefined ? undefined : await exchange(word)) ?? storedKeys();
  return { keys, socket: window.covis === undefined ? openSocket(keys) : undefined };
}

let entered: Promise<Entered> | undefined;

/** Comes in, once for a page. */
export function enterOnce(): Promise<Entered> {
  entered ??= comeIn();
  return entered;
}
