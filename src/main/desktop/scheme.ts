/** The scheme that serves the page and, from the engine, its photos and arrays. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { contentSecurityPolicy, PAGE_TYPES } from '../../shared/page.ts';
import { log } from './log.ts';
import type { EngineSupervisor } from './supervisor.ts';

export const SCHEME = 'covis';
export const ORIGIN = `${SCHEME}://app`;

export interface PageSource {
  /** Folder of the built page. */
  readonly folder: string;
  /** Address of a development server that the page comes from instead. */
  readonly dev: string | undefined;
}

export async function answer(request: Request, supervisor: EngineSupervisor, page: PageSource): Promise<Response> {
  const url = new URL(request.url);
  if (url.host !== 'app') return new Response('Not found', { status: 404 });
  if (url.pathname.startsWith('/asset/')) {
    const body = request.method === 'POST' ? await request.arrayBuffer() : undefined;
    try {
      return await supervisor.fetchAsset(url.pathname + url.search, {
        method: request.method,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      log.error(`${url.pathname} cannot be fetched:`, error);
      return new Response('The engine is not running', { status: 503 });
    }
  }
  if (page.dev !== undefined) return fromDev(page.dev, url);
  let file = join(page.folder, pathOf(url));
  if (!file.startsWith(page.folder + sep) || file.includes('\0') || !existsSync(file) || extname(file) === '')
    file = join(page.folder, 'index.html');
  return new Response(new Uint8Array(await readFile(file)), {
    headers: {
      'Content-Type': PAGE_TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': contentSecurityPolicy(),
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** Path of an address; the root for one whose escapes are none. */
function pathOf(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return '/';
  }
}

/** The page from a development server, whose socket for hot reload it may open. */
async function fromDev(origin: string, url: URL): Promise<Response> {
  const answer = await fetch(`${origin}${url.pathname}${url.search}`, {
    headers: { Accept: extname(url.pathname) === '' ? 'text/html' : '*/*' },
  });
  const headers = new Headers({ 'Content-Security-Policy': contentSecurityPolicy(origin.replace('http', 'ws')) });
  const type = answer.headers.get('Content-Type');
  if (type !== null) headers.set('Content-Type', type);
  return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
}
