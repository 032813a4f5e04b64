import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../support/programs.ts';

const COVIS = join(ROOT, 'bin', 'covis.mjs');

function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const r = spawnSync(process.execPath, [script, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (r.status !== 0) throw new Error(`${script} ${args.join(' ')} failed: ${r.stderr}${r.stdout}`);
}

/** Builds the studio if it is older than its source. */
export function buildStudio(): void {
  run(join(ROOT, 'scripts', 'build.ts'), ['--if-stale']);
}

/** Runs a command to its end. @throws with what it printed where it fails. */
export function covis(...args: string[]): void {
  run(COVIS, args);
}

/** {@link covis} with these in its environment, too. */
export function covisWith(env: NodeJS.ProcessEnv, ...args: string[]): void {
  run(COVIS, args, env);
}

export interface Served {
  readonly server: ChildProcess;
  readonly url: string;
}

async function addressOf(server: ChildProcess): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    server.stdout!.once('data', (d: Buffer) => resolve((JSON.parse(String(d)) as { url: string }).url));
    server.once('exit', (code) => reject(new Error(`covis serve ended with ${code}`)));
  });
}

/** Starts `covis serve` without a library. @param person where settings and the list of libraries are. @param root below which pages choose. */
export async function serveStart(person: string, root: string): Promise<Served> {
  const server = spawn(process.execPath, [COVIS, 'serve', '--json', '--root', root], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, COVIS_SETTINGS: join(person, 'settings.json') },
  });
  return { server, url: await addressOf(server) };
}

/**
 * Starts `covis serve` and waits for its address.
 * @param o.root below which pages choose. @param o.group in a group of its own: the command starts the engine's Node, and both can be killed together.
 */
export async function serveLibrary(
  library: string,
  o: {
    readonly port?: string;
    readonly group?: boolean;
    readonly env?: NodeJS.ProcessEnv;
    readonly root?: string;
  } = {},
): Promise<Served> {
  const port = o.port === undefined ? [] : ['--port', o.port];
  const root = o.root === undefined ? [] : ['--root', o.root];
  const server = spawn(process.execPath, [COVIS, 'serve', library, '--json', ...port, ...root], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: o.group === true,
    // Keys of libraries are kept beside a person's settings, here of nobody.
    env: { ...process.env, COVIS_SETTINGS: join(`${library}-person`, 'settings.json'), ...o.env },
  });
  return { server, url: await addressOf(server) };
}
