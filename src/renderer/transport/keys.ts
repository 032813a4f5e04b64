import { ref } from 'vue';
import { openSocket, STORED, storedKeys } from './entrance.ts';
import type { PageKeys } from './entrance.ts';

const keys = ref(storedKeys());

// Another tab was opened with the address that a server printed.
addEventListener('storage', (e) => {
  if (e.key === STORED) keys.value = storedKeys();
});

/** Takes the keys that the page has come in with. */
export function takeKeys(entered: PageKeys | undefined): void {
  keys.value = entered;
}

/** Headers of requests that need the key. */
export function keyHeaders(): Record<string, string> {
  return keys.value === undefined ? {} : { Authorization: `Bearer ${keys.value.key}` };
}

/** A connection for messages with the keys of now. */
export function socketWithKeys(): WebSocket {
  return openSocket(keys.value);
}

/** Address of an asset for elements that fetch by themselves, such as images. Changes with the keys. */
export function assetUrl(path: string): string {
  return `${keys.value === undefined ? '' : `/${keys.value.photos}`}/asset/${path}`;
}
