import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CovisError, toErrorShape } from '../../shared/errors.ts';
import { contentSecurityPolicy, PAGE_TYPES } from '../../shared/page.ts';
import { logFailure, logger } from '../engine/environment/log.ts';
import type { Engine } from '../engine/engine.ts';
import { Doors } from './doors.ts';
import { hangUp } from './hang-up.ts';
import { newToken } from './keys.ts';
import { Messages } from './messages.ts';
import { refuse, type Refusal } from './refusals.ts';

const log = logger('server');
/** Of a part of a file that comes in parts: a page sends 4 MiB. */
const PART_LIMIT = 4 << 20;
/** Of the word that is exchanged for the keys. */
const WORD_LIMIT = 1024;
/** Bytes of parts that are on their way, of all clients together. */
const ARRIVING_LIMIT = 4 * PART_LIMIT;
const MOST_CONNECTIONS = 512;
/** A connection on which nothing moves. */
const IDLE_MS = 60_000;
/** Who begins a request and does not finish it is hung up on. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 120_000, connectionsCheckingInterval: 2_000 };

export interface StudioServer {
  readonly port: number;
  readonly token: string;
  /** The address to open; carries the key, which the page then keeps in the storage of its origin. */
  readonly url: string;
  /** An address for a browser that is started with it, which other users of the machine see: good once, for two minutes. */
  readonly once: () => string;
  close(): Promise<void>;
}

/**
 * Serves the studio on 127.0.0.1: the built page (where `rendererFolder` is given), assets over HTTP, messages over a WebSocket.
 * The library opens to the key alone, and a Host of this machine (doors.ts); a WebSocket also needs our own Origin.
 */
export async function startServer(
  engine: Engine,
  options: { port?: number | undefined; rendererFolder?: string | undefined; token?: string | undefined },
): Promise<StudioServer> {
  const token = options.token ?? newToken();
  const doors = new Doors(token);
  const server = createServer(LIMITS, (req, res) => {
    void answer(engine, req, res, doors, options.rendererFolder).catch((error: unknown) => {
      logFailure(log, `${req.method} ${(req.url ?? '').split('?')[0]}`, error);
      sendError(res, error);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  server.on('clientError', (error, socket) => hangUp(error, socket as Socket));
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
    const allowed = localHost(req, port) && req.headers.origin === `http://127.0.0.1:${port}` && doors.hasKey(req);
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
    once: () => `http://127.0.0.1:${port}/?once=${doors.link()}`,
    close: () =>
      new Promise((resolve) => {
        messages.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function localHost(req: IncomingMessage, port: number | undefined): boolean {
  return req.headers.host === `127.0.0.1:${port}`;
}

const STRANGER: Refusal = {
  status: 401,
  title: 'This browser does not have the key',
  text: 'Open the address that covis serve printed: it carries the key to this library.',
  steps: [
    'Find the terminal in which `covis serve` runs. It has printed “The studio is at http://127.0.0.1:…/?token=…”.',
    'Open that whole address here, in this browser. It has to be done once: the browser keeps the key.',
    'If `covis serve` has ended, start it again: `npx covis serve LIBRARY`, or with `--open` to open the browser too.',
  ],
};
const NOTHING: Refusal = {
  status: 404,
  title: 'There is nothing here',
  text: 'There is nothing here.',
  link: { to: '/', label: 'Open the studio' },
};

async function answer(
  engine: Engine,
  req: IncomingMessage,
  res: ServerResponse,
  doors: Doors,
  rendererFolder: string | undefined,
): Promise<void> {
  const port = req.socket.localPort ?? 0;
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  if (!localHost(req, port))
    return refuse(req, res, {
      status: 403,
      title: 'The studio has another address',
      text: 'This server answers to 127.0.0.1 only.',
      link: { to: `http://127.0.0.1:${port}/`, label: `Go to 127.0.0.1:${port}` },
    });
  const url = new URL(req.url ?? '/', `http://127.0.0.1:${port}`);
  const entrance = url.pathname === '/' && req.method === 'GET' ? doors.entrance(url.searchParams, port) : undefined;
  if (entrance !== undefined) {
    // The key leaves the address bar at once.
    res.writeHead(302, { ...entrance, 'Cache-Control': 'no-store' });
    res.end();
    return;
  }
  if (url.pathname === '/enter') return enter(req, res, doors, port);
  const photo = req.method === 'GET' ? doors.behindPhotos(url.pathname) : undefined;
  if (photo?.startsWith('/asset/') === true) return answerAsset(engine, req, res, url, port, photo);
  if (url.pathname.startsWith('/asset/')) {
    if (!doors.hasKey(req)) return refuse(req, res, STRANGER);
    return answerAsset(engine, req, res, url, port, url.pathname);
  }
  if (!doors.mayLoadProgram(req, port)) return refuse(req, res, STRANGER);
  if (rendererFolder !== undefined && req.method === 'GET') return sendFile(req, res, rendererFolder, url.pathname);
  refuse(req, res, NOTHING);
}

/** Gives the keys for a word that is good once (POST), and says whether a key is right (GET). */
async function enter(req: IncomingMessage, res: ServerResponse, doors: Doors, port: number): Promise<void> {
  res.setHeader('Cache-Control', 'no-store');
  if (req.method === 'GET' && doors.hasKey(req)) {
    res.writeHead(204);
    res.end();
    return;
  }
  if (req.method !== 'POST' || req.headers.origin !== `http://127.0.0.1:${port}`) return refuse(req, res, STRANGER);
  const keys = doors.enter(Buffer.from(await readBody(req, WORD_LIMIT)).toString());
  if (keys === undefined) return refuse(req, res, STRANGER);
  res.writeHead(200, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(keys));
}

async function answerAsset(
  engine: Engine,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  port: number,
  pathname: string,
): Promise<void> {
  const path = pathname.slice('/asset/'.length);
  if (req.method === 'POST' && path === 'upload') {
    const origin = req.headers.origin;
    if (origin !== undefined && origin !== `http://127.0.0.1:${port}`)
      return refuse(req, res, { ...NOTHING, status: 403, text: 'Only the studio may send photos.' });
    const id = await engine.receive(req as AsyncIterable<Uint8Array>);
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ id }));
    return;
  }
  // Larger files come in parts, each written to disk before the next is asked for.
  const [, into, at] = (req.method === 'POST' ? /^part\/(new|\w{32})\/(\d{1,15})$/.exec(path) : null) ?? [];
  if (at !== undefined) {
    const origin = req.headers.origin;
    if (origin !== undefined && origin !== `http://127.0.0.1:${port}`)
      return refuse(req, res, { ...NOTHING, status: 403, text: 'Only the studio may send files.' });
    const answer = engine.uploadPart(into === 'new' ? undefined : into, Number(at), await readBody(req, PART_LIMIT));
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify(answer));
    return;
  }
  if (req.method !== 'GET') return refuse(req, res, { ...NOTHING, status: 405, text: 'Not allowed.' });
  const [, download] = /^download\/(\w+)$/.exec(path) ?? [];
  if (download !== undefined) return sendDownload(engine, res, download);
  const asset = await engine.asset(path, url.searchParams);
  res.writeHead(200, {
    'Content-Type': asset.type,
    'Content-Length': asset.bytes.length,
    'Cache-Control': path.startsWith('photo/') ? 'private, max-age=86400' : 'no-store',
  });
  res.end(asset.bytes);
}

/** Sends what a job wrote, to be kept as a file. Where that breaks off, so does the connection: half a file never looks whole. */
async function sendDownload(engine: Engine, res: ServerResponse, id: string): Promise<void> {
  const { name, stream, length, done } = engine.download(id);
  try {
    const plain = name.replace(/[^\w.-]+/g, '_');
    res.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
      'Cache-Control': 'no-store',
      ...(length === undefined ? {} : { 'Content-Length': length }),
    });
    await pipeline(stream, res);
  } finally {
    stream.destroy();
    done();
  }
}

let arriving = 0;

/** A body in memory. @throws CovisError `INPUT_INVALID` above `most` bytes, `STATE_CONFLICT` where too many come at once. */
async function readBody(req: IncomingMessage, most: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  const tooLarge = (): CovisError => new CovisError('INPUT_INVALID', `What is sent at once has at most ${most} bytes`);
  if (Number(req.headers['content-length'] ?? 0) > most) throw tooLarge();
  try {
    for await (const part of req as AsyncIterable<Buffer>) {
      size += part.length;
      arriving += part.length;
      if (size > most) throw tooLarge();
      if (arriving > ARRIVING_LIMIT)
        throw new CovisError('STATE_CONFLICT', 'Too much is being sent at once', {
          hint: 'Send it again in a moment.',
        });
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    arriving -= size;
  }
}

/** A file of the built page; unknown paths without an extension are the page itself, whose router knows them. */
function sendFile(req: IncomingMessage, res: ServerResponse, folder: string, pathname: string): void {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return refuse(req, res, { ...NOTHING, status: 400, text: 'Bad path.' });
  }
  let file = join(folder, name);
  if (name.includes('\0') || !file.startsWith(folder + sep)) file = folder;
  if (!existsSync(file) || !statSync(file).isFile()) {
    if (extname(name) !== '') return refuse(req, res, NOTHING);
    file = join(folder, 'index.html');
  }
  const html = file.endsWith('.html');
  res.writeHead(200, {
    'Content-Type': PAGE_TYPES[extname(file)] ?? 'application/octet-stream',
    'Cache-Control': html ? 'no-store' : 'private, max-age=31536000, immutable',
    ...(html
      ? { 'Content-Security-Policy': contentSecurityPolicy(`ws://127.0.0.1:${req.socket.localPort ?? 0}`) }
      : {}),
  });
  createReadStream(file).pipe(res);
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
