import { CovisError, fromErrorShape } from '../../shared/errors.ts';
import { back, PATIENCE_MS } from './again.ts';
import { onEvent } from './events.ts';
import { assetUrl, keyHeaders } from './keys.ts';
import { request } from './request.ts';

const lost = (): CovisError =>
  new CovisError('ENGINE_EXITED', 'The connection to the engine is lost', {
    hint: 'It is tried again by itself; ask again once it is back.',
  });

/** Asks once; a connection that is lost meanwhile ends it. @throws CovisError `ENGINE_EXITED`, or what aborted it. */
async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const gone = new AbortController();
  const off = onEvent((e) => e.event === 'engine' && e.state === 'gone' && gone.abort());
  try {
    return await fetch(path, {
      ...init,
      headers: keyHeaders(),
      signal: AbortSignal.any([gone.signal, ...(signal === undefined ? [] : [signal])]),
    });
  } catch {
    signal?.throwIfAborted();
    throw lost();
  } finally {
    off();
  }
}

/** Fetches a flat array of the engine, again where the connection was lost, for a bounded time. @throws CovisError, or what aborted it. */
export async function fetchArray(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const response = await ask(`/asset/${path}`, {}, signal);
      if (response.status === 503) throw lost();
      if (!response.ok) throw new CovisError('NOT_FOUND', `${path} cannot be fetched (${response.status})`);
      return await response.arrayBuffer();
    } catch (error) {
      const again = error instanceof TypeError || (error instanceof CovisError && error.code === 'ENGINE_EXITED');
      if (!again || !(await back(until - Date.now()))) throw error instanceof TypeError ? lost() : error;
      signal?.throwIfAborted();
    }
  }
}

/** Sends a photo to search with. @returns its id. @throws CovisError. */
export async function uploadPhoto(file: Blob): Promise<string> {
  const response = await ask('/asset/upload', { method: 'POST', body: file });
  if (response.status === 503) throw lost();
  const answer = (await response.json()) as { id?: string; error?: { code: never; message: string } };
  if (answer.id === undefined)
    throw answer.error === undefined
      ? new CovisError('INTERNAL', 'The photo was not taken')
      : fromErrorShape(answer.error);
  return answer.id;
}

/** Bytes of a file that are sent at once. */
const PART = 4 << 20;

/**
 * Sends a file of any size, a part after the other; the engine writes them to its disk. Where the connection was lost it goes on from what
 * the engine has, for a bounded time.
 * @param signal gives it up. @param told hears how many bytes are there, and of which file.
 * @returns the id of the file. @throws CovisError, or what aborted it.
 */
export async function sendInParts(
  file: Blob,
  { signal, told }: { readonly signal?: AbortSignal; readonly told?: (bytes: number, id: string) => void } = {},
): Promise<string> {
  let id = 'new';
  let at = 0;
  let until: number | undefined;
  do {
    try {
      ({ id, bytes: at } = await sendPart(id, at, file.slice(at, at + PART), signal));
      until = undefined;
    } catch (error) {
      signal?.throwIfAborted();
      until ??= Date.now() + PATIENCE_MS;
      const again = error instanceof CovisError && error.code === 'ENGINE_EXITED';
      if (!again || !(await back(until - Date.now()))) throw error;
      // Whether the part came before the connection went is not known here.
      if (id !== 'new') ({ bytes: at } = await request('collection-files.sent', { file: id }));
    }
    told?.(at, id);
  } while (at < file.size || id === 'new');
  return id;
}

async function sendPart(
  id: string,
  at: number,
  part: Blob,
  signal: AbortSignal | undefined,
): Promise<{ readonly id: string; readonly bytes: number }> {
  const response = await ask(`/asset/part/${id}/${at}`, { method: 'POST', body: part }, signal);
  if (response.status === 503) throw lost();
  const answer = (await response.json()) as {
    id?: string;
    bytes?: number;
    error?: { code: never; message: string };
  };
  if (answer.error !== undefined) throw fromErrorShape(answer.error);
  if (answer.id === undefined || answer.bytes !== at + part.size)
    throw new CovisError('INTERNAL', 'The file was not taken');
  return { id: answer.id, bytes: answer.bytes };
}

/** Lets the browser keep an asset as a file, under the name that the engine gives it. */
export function saveFile(path: string): void {
  const link = document.createElement('a');
  link.href = assetUrl(path);
  link.download = '';
  link.click();
}
