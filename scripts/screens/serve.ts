import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Served {
  readonly url: string;
  stop(): void;
}

/** Starts `covis serve` as a person of its own, whose settings and list of libraries lie in `person`. */
export async function served(person: string, args: readonly string[]): Promise<Served> {
  const server = spawn(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'serve', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, COVIS_SETTINGS: join(person, 'settings.json') },
  });
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (said: Buffer) => resolve((JSON.parse(String(said)) as { url: string }).url));
    server.once('exit', (code) => reject(new Error(`covis serve ended with ${code}`)));
  });
  return { url, stop: () => server.kill('SIGTERM') };
}

/** The browser that pictures are taken with: `CHROMIUM`, or where Debian has it. */
export function browser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-gpu', '--enable-unsafe-swiftshader'],
  });
}
