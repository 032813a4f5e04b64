import { CovisError, fromErrorShape } from '../../shared/errors.ts';

async function ask(path: string, what: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new CovisError('ENGINE_EXITED', `${what}: the connection to the engine is lost`, {
      hint: 'It is tried again by itself; ask again once it is back',
    });
  }
}

/** Fetches a flat array of the engine. @throws CovisError, or what aborted it. */
export async function fetchArray(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await ask(`/asset/${path}`, `${path} cannot be fetched`, signal === undefined ? {} : { signal });
  if (!response.ok) throw new CovisError('NOT_FOUND', `${path} cannot be fetched (${response.status})`);
  return response.arrayBuffer();
}

/** Sends a photo to search with. @returns its id. */
export async function uploadPhoto(file: Blob): Promise<string> {
  const response = await ask('/asset/upload', 'The photo cannot be sent', { method: 'POST', body: file });
  const answer = (await response.json()) as { id?: string; error?: { code: never; message: string } };
  if (answer.id === undefined)
    throw answer.error === undefined
      ? new CovisError('INTERNAL', 'The photo was not taken')
      : fromErrorShape(answer.error);
  return answer.id;
}
