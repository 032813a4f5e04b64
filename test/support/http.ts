import { request } from 'node:http';
import type { StudioServer } from '../../src/main/server/http.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}
export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
}

/** A raw request with the key, unless the headers say otherwise: fetch would normalise the path and set the Host itself. */
export function askServer(server: StudioServer, target: string, o: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port: server.port,
        path: target,
        method: o.method ?? 'GET',
        headers: { Host: `127.0.0.1:${server.port}`, Authorization: `Bearer ${server.token}`, ...o.headers },
      },
      (res) => {
        const parts: Buffer[] = [];
        res.on('data', (p: Buffer) => parts.push(p));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts).toString(), headers: res.headers }),
        );
      },
    );
    req.on('error', reject);
    req.end(o.body);
  });
}
