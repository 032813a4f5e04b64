import { request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Plugin } from 'vite';
import type { EngineAddress } from './engine.ts';

/** Only a page of this very server may use the engine's key. */
function ours(req: IncomingMessage, needsOrigin: boolean): boolean {
  const { host, origin } = req.headers;
  const port = req.socket.localPort;
  if (host !== `127.0.0.1:${port}`) return false;
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined ? !needsOrigin : origin === `http://${host}`;
}

/** The page's own headers, with the engine's address and key in place of this server's. */
function headersFor(req: IncomingMessage, { port, token }: EngineAddress): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(req.headers)) if (value !== undefined) out[name] = value;
  delete out['cookie'];
  const here = `127.0.0.1:${port}`;
  return {
    ...out,
    host: here,
    ...(req.headers.origin === undefined ? {} : { origin: `http://${here}` }),
    authorization: `Bearer ${token}`,
  };
}

function passAsset(address: EngineAddress, req: IncomingMessage, res: ServerResponse): void {
  const { port } = address;
  const asked = request(
    { host: '127.0.0.1', port, path: req.url, method: req.method, headers: headersFor(req, address) },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    },
  );
  asked.on('error', () => {
    if (!res.headersSent) res.writeHead(503);
    res.end();
  });
  req.pipe(asked);
}

function passSocket(address: EngineAddress, req: IncomingMessage, socket: Socket, head: Buffer): void {
  const engine = connect(address.port, '127.0.0.1', () => {
    const lines = Object.entries(headersFor(req, address)).flatMap(([name, value]) =>
      [value].flat().map((v) => `${name}: ${v}\r\n`),
    );
    engine.write(`GET ${req.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    engine.write(head);
    socket.pipe(engine).pipe(socket);
  });
  for (const [one, other] of [
    [socket, engine],
    [engine, socket],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

/** Passes messages and assets of the page to the engine that runs at the moment. Without one, sockets close and the page tries again. */
export function engineProxy(address: () => EngineAddress | undefined): Plugin {
  return {
    name: 'covis-engine',
    configureServer(vite) {
      vite.middlewares.use((req, res, next) => {
        if (req.url?.startsWith('/asset/') !== true) return next();
        const to = address();
        if (!ours(req, req.method !== 'GET')) res.writeHead(403).end();
        else if (to === undefined) res.writeHead(503).end();
        else passAsset(to, req, res);
      });
      (vite.httpServer as Server | null)?.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
        if (req.url !== '/messages') return;
        const to = address();
        if (to === undefined || !ours(req, true)) socket.destroy();
        else passSocket(to, req, socket, head);
      });
    },
  };
}
