import { timingSafeEqual } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { CovisError, toErrorShape } from '../../shared/errors.ts';
import { contentSecurityPolicy, PAGE_TYPES } from '../../shared/page.ts';
import { logFailure, logger } from '../engine/environment/log.ts';
import { hush } from '../engine/environment/log-file.ts';
import type { Engine } from '../engine/engine.ts';
import { newToken } from './keys.ts';
import { Messages } from './messages.ts';

const log = logger('server');
const BODY_LIMIT = 64 << 20;
/** Bytes of uploads that are on their way, of all clients together. */
const UPLOADING_LIMIT = 128 << 20;
const MOST_CONNECTIONS = 512;
const ONCE_MS = 120_000;
/** A connection on which nothing moves. */
const IDLE_MS = 60_000;
/** Who begins a request and does not finish it is hung up on. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 2_000 };

export interface StudioServer {
  readonly port: number;
  readonly token: string;
  /** The address to open; carries the token, the page then has a cookie. */
  readonly url: string;
  /** An address for a browser that is started with it, which other users of the machine see: good once, for two minutes. */
  readonly once: () => string;
  close(): Promise<void>;
}

/**
 * Serves the studio on 127.0.0.1: the built page (where `rendererFolder` is given), assets over HTTP, messages over a WebSocket.
 * Every request needs the token, as a cookie or as a bearer, and a Host of this machine; a WebSocket also needs our own Origin.
 */
export async function startServer(
  engine: Engine,
  options: { port?: number | undefined; rendererFolder?: string | undefined; token?: string | undefined },
): Promise<StudioServer> {
  const token = options.token ?? newToken();
  const links = new OneTimeLinks();
  hush(token);
  const server = createServer(LIMITS, (req, res) => {
    void answer(engine, req, res, { token, links }, options.rendererFolder).catch((error: unknown) => {
      logFailure(log, `${req.method} ${(req.url ?? '').split('?')[0]}`, error);
      sendError(res, error);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new CovisError('STATE_CONFLICT', `Port ${options.port} is in use`, {
              hint: 'Leave --port out to get a free one.',
            })
          : error,
      ),
    );
  });
  const { port } = server.address() as AddressInfo;
  log.info(`Listens on 127.0.0.1:${port}`);
  const messages = new Messages(engine);
  server.on('upgrade', (req, socket, head) => {
    // The other side may be gone before it is answered.
    socket.on('error', () => undefined);
    const allowed =
      localHost(req, port) && req.headers.origin === `http://127.0.0.1:${port}` && authorised(req, token, port);
    if (!allowed || (req.url ?? '/').split('?')[0] !== '/messages') {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    messages.accept(req, socket, head);
  });
  return {
    port,
    token,
    url: `http://127.0.0.1:${port}/?token=${token}`,
    once: () => `http://127.0.0.1:${port}/?once=${links.make()}`,
    close: () =>
      new Promise((resolve) => {
        messages.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Words that open the studio once. */
class OneTimeLinks {
  readonly #good = new Map<string, number>();

  make(): string {
    const word = newToken();
    hush(word);
    this.#good.set(word, Date.now() + ONCE_MS);
    return word;
  }

  use(word: string): boolean {
    const until = this.#good.get(word);
    this.#good.delete(word);
    return until !== undefined && Date.now() < until;
  }
}

function localHost(req: IncomingMessage, port: number | undefined): boolean {
  return req.headers.host === `127.0.0.1:${port}`;
}

function same(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

function cookieName(port: number): string {
  return `covis_${port}`;
}

function authorised(req: IncomingMessage, token: string, port: number): boolean {
  const bearer = /^Bearer (\w+)$/.exec(req.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return same(bearer, token);
  const cookie = (req.headers.cookie ?? '').split(/;\s*/).find((c) => c.startsWith(`${cookieName(port)}=`));
  return cookie !== undefined && same(cookie.slice(cookieName(port).length + 1), token);
}

async function answer(
  engine: Engine,
  req: IncomingMessage,
  res: ServerResponse,
  { token, links }: { readonly token: string; readonly links: OneTimeLinks },
  rendererFolder: string | undefined,
): Promise<void> {
  const port = req.socket.localPort ?? 0;
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  if (!localHost(req, port)) return refuse(res, 403, 'This server answers to 127.0.0.1 only.');
  const url = new URL(req.url ?? '/', `http://127.0.0.1:${port}`);
  const given = url.searchParams.get('token');
  const once = url.searchParams.get('once');
  if (url.pathname === '/' && ((given !== null && same(given, token)) || (once !== null && links.use(once)))) {
    // The token leaves the address bar at once.
    res.writeHead(302, {
      'Set-Cookie': `${cookieName(port)}=${token}; HttpOnly; SameSite=Strict; Path=/`,
      Location: '/',
    });
    res.end();
    return;
  }
  if (!authorised(req, token, port))
    return refuse(res, 401, 'Open the address that covis serve printed: it carries the key to this library.');
  if (url.pathname.startsWith('/asset/')) return answerAsset(engine, req, res, url, port);
  if (rendererFolder !== undefined && req.method === 'GET') return sendFile(res, rendererFolder, url.pathname);
  refuse(res, 404, 'There is nothing here.');
}

async function answerAsset(
  engine: Engine,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  port: number,
): Promise<void> {
  const path = url.pathname.slice('/asset/'.length);
  if (req.method === 'POST' && path === 'upload') {
    const origin = req.headers.origin;
    if (origin !== undefined && origin !== `http://127.0.0.1:${port}`)
      return refuse(res, 403, 'Only the studio may send photos.');
    const id = engine.upload(await readBody(req));
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ id }));
    return;
  }
  if (req.method !== 'GET') return refuse(res, 405, 'Not allowed.');
  const asset = await engine.asset(path, url.searchParams);
  res.writeHead(200, {
    'Content-Type': asset.type,
    'Content-Length': asset.bytes.length,
    'Cache-Control': path.startsWith('photo/') ? 'private, max-age=86400' : 'no-store',
  });
  res.end(asset.bytes);
}

let uploading = 0;

async function readBody(req: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  const tooLarge = (): CovisError => new CovisError('INPUT_INVALID', 'A photo to search with has at most 64 MiB');
  if (Number(req.headers['content-length'] ?? 0) > BODY_LIMIT) throw tooLarge();
  try {
    for await (const part of req as AsyncIterable<Buffer>) {
      size += part.length;
      uploading += part.length;
      if (size > BODY_LIMIT) throw tooLarge();
      if (uploading > UPLOADING_LIMIT)
        throw new CovisError('STATE_CONFLICT', 'Too many photos are being sent at once', {
          hint: 'Send it again in a moment.',
        });
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    uploading -= size;
  }
}

/** A file of the built page; unknown paths without an extension are the page itself, whose router knows them. */
function sendFile(res: ServerResponse, folder: string, pathname: string): void {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return refuse(res, 400, 'Bad path.');
  }
  let file = join(folder, name);
  if (name.includes('\0') || !file.startsWith(folder + sep)) file = folder;
  if (!existsSync(file) || !statSync(file).isFile()) {
    if (extname(name) !== '') return refuse(res, 404, 'There is nothing here.');
    file = join(folder, 'index.html');
  }
  const html = file.endsWith('.html');
  res.writeHead(200, {
    'Content-Type': PAGE_TYPES[extname(file)] ?? 'application/octet-stream',
    'Cache-Control': html ? 'no-store' : 'private, max-age=31536000, immutable',
    ...(html ? { 'Content-Security-Policy': contentSecurityPolicy('ws://127.0.0.1:*') } : {}),
  });
  createReadStream(file).pipe(res);
}

function refuse(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  res.end(`${text}\n`);
}

function sendError(res: ServerResponse, error: unknown): void {
  const shape = toErrorShape(error);
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(shape.code === 'NOT_FOUND' ? 404 : shape.code.startsWith('INPUT') ? 422 : 500, {
    'Content-Type': 'application/json',
  });
  res.end(JSON.stringify({ error: shape }));
}
