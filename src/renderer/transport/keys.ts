import { ref } from 'vue';

/**
 * The key to `covis serve`, kept in the storage of this origin: unlike a cookie it stays away from other ports of this machine. The
 * desktop's page has none, its scheme lets it in; nor has that of the development server.
 */
interface PageKeys {
  readonly key: string;
  /** First part of the addresses of photos, whose requests carry no header of ours. */
  readonly photos: string;
}

const STORED = 'covis-keys';
const ENTRANCE = /^#enter=(\w+)$/;
const WORD = /^\w{48}$/;

function read(): PageKeys | undefined {
  try {
    const { key, photos } = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<PageKeys>;
    return WORD.test(key ?? '') && WORD.test(photos ?? '') ? { key: key!, photos: photos! } : undefined;
  } catch {
    return undefined;
  }
}

const keys = ref(window.covis === undefined ? read() : undefined);

// Another tab was opened with the address that a server printed.
addEventListener('storage', (e) => {
  if (e.key === STORED && window.covis === undefined) keys.value = read();
});

/** Keeps the keys of the address that was opened; asked before anything else. The word in the address is good once and leaves it. */
export async function enter(): Promise<void> {
  const word = ENTRANCE.exec(location.hash)?.[1];
  if (word === undefined) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  try {
    const answer = await fetch('/enter', { method: 'POST', body: word });
    if (!answer.ok) return;
    keys.value = (await answer.json()) as PageKeys;
    localStorage.setItem(STORED, JSON.stringify(keys.value));
  } catch {
    // Without a storage the keys last as long as the page; without an answer the page says that it is not known.
  }
}

/** Headers of requests that need the key. */
export function keyHeaders(): Record<string, string> {
  return keys.value === undefined ? {} : { Authorization: `Bearer ${keys.value.key}` };
}

/** Protocols of the WebSocket of messages, the only header of it that a page can set. */
export function keyProtocols(): string[] {
  return keys.value === undefined ? [] : ['covis', `key.${keys.value.key}`];
}

/** Address of an asset for elements that fetch by themselves, such as images. Changes with the keys. */
export function assetUrl(path: string): string {
  return `${keys.value === undefined ? '' : `/${keys.value.photos}`}/asset/${path}`;
}
