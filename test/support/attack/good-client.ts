import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { childrenOf, vitals } from '../../soak/vitals.ts';
import type { Attacked } from './ill-will.ts';

export interface Endured extends Attacked {
  /** Milliseconds of each answer to the client that behaves, in their order. */
  readonly times: readonly number[];
  /** Answers to it that were none. */
  readonly failed: readonly string[];
  /** Most bytes that the server and what it started held. */
  readonly memory: number;
}

const ASKED = ['library.current', 'clusters.list', 'jobs.list', 'photos.overview'] as const;
const PAUSE_MS = 10;

/**
 * Asks one small thing after another, as a page does, while {@link file://./ill-will.ts} attacks.
 * @param url with the key. @param pid of the command that started the server. @param photos content hashes that may be judged.
 */
export async function endure(url: string, pid: number, photos: readonly string[]): Promise<Endured> {
  const at = new URL(url);
  const ws = new WebSocket(`ws://127.0.0.1:${at.port}/messages`, {
    headers: { Origin: at.origin, Authorization: `Bearer ${at.searchParams.get('token')}` },
  });
  await once(ws, 'open');
  const waiting = new Map<number, (reply: { ok: boolean; error?: { code: string } }) => void>();
  ws.on('message', (data: Buffer) => {
    const m = JSON.parse(String(data)) as { id?: number; reply: { ok: boolean } };
    if (m.id !== undefined) waiting.get(m.id)?.(m.reply);
  });
  const [server = pid] = childrenOf(pid);
  const times: number[] = [];
  const failed: string[] = [];
  let memory = 0;
  let over = false;
  const page = (async () => {
    for (let id = 1; !over; id += 1) {
      const began = performance.now();
      const answer = new Promise<{ ok: boolean; error?: { code: string } }>((resolve) => waiting.set(id, resolve));
      ws.send(JSON.stringify({ id, route: ASKED[id % ASKED.length], params: {} }));
      const reply = await answer;
      waiting.delete(id);
      times.push(performance.now() - began);
      if (!reply.ok) failed.push(reply.error?.code ?? 'no code');
      memory = Math.max(memory, vitals(server).memory);
      await new Promise((r) => setTimeout(r, PAUSE_MS));
    }
  })();
  const attack = spawn(process.execPath, [join(import.meta.dirname, 'ill-will.ts'), url, photos.join(',')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(attack.stdout);
  over = true;
  await page;
  ws.terminate();
  return { ...(JSON.parse(said) as Attacked), times, failed, memory };
}
