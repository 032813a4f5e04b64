/**
 * Measuring in a process of its own: a driver that ends its process ends that one and nothing else, and how it ended is seen from here. A person
 * who quits, in whatever way, ends both, so that nothing of it is ever held against a card.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { endWithParent } from '../environment/parent.ts';
import { logger } from '../environment/log.ts';

/** How often it is asked whether the measuring is still wanted, and how long it may take. */
const LOOK_MS = 200;
const MOST_MS = 600_000;
/** Characters of what the process said that are logged where it fails. */
const SAID = 2000;

/** By these a person ends a process, or the system does where memory runs out; no driver does. */
const BY_OTHERS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** The process ended by itself before it answered, as by a driver that crashed. */
export class EndedByItself extends Error {}

type Answer = { readonly result: unknown } | { readonly failed: string };

/**
 * Has a script do something in a process of its own, which ends with this one. @param script calls {@link answer}.
 * @param order what it is told; typed arrays, maps and sets arrive as they are. @param check throws where it is not wanted any more.
 * @throws EndedByItself, Error with what the script threw, and what `check` throws.
 */
export async function elsewhere<T>(script: URL, order: unknown, check: () => void = () => undefined): Promise<T> {
  const child = spawn(
    process.execPath,
    ['--no-deprecation', '--disable-warning=ExperimentalWarning', fileURLToPath(script)],
    { stdio: ['pipe', 'ignore', 'pipe', 'pipe'], windowsHide: true },
  );
  let said = '';
  child.stderr!.on('data', (d: Buffer) => (said = (said + d.toString('utf8')).slice(-SAID)));
  const parts: Buffer[] = [];
  child.stdio[3]!.on('data', (d: Buffer) => parts.push(d));
  // One that ended before it had read has said why.
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(serialize(order));
  let unwanted: { readonly why: unknown } | undefined;
  const began = performance.now();
  const look = setInterval(() => {
    try {
      check();
      if (performance.now() - began > MOST_MS) throw new Error(`it gave no answer in ${MOST_MS / 60_000} minutes`);
    } catch (why) {
      unwanted ??= { why };
      child.kill('SIGKILL');
    }
  }, LOOK_MS);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (c, s) => resolve([c, s]));
  }).finally(() => clearInterval(look));
  if (unwanted !== undefined) throw unwanted.why;
  if (parts.length > 0 && code === 0) {
    const answered = deserialize(Buffer.concat(parts)) as Answer;
    if ('failed' in answered) throw new Error(answered.failed);
    return answered.result as T;
  }
  const how = signal ?? `code ${code}`;
  logger('back ends').warn(`A process that measured ended with ${how}: ${said.trim()}`);
  if (wasKilled(code, signal)) throw new Error(`the process that measured it was killed (${how})`);
  throw new EndedByItself(`its driver ended the process that measured it (${how})`);
}

/** Windows has no signals: whoever ends a process there gives it the code 1. */
function wasKilled(code: number | null, signal: string | null): boolean {
  return signal === null ? process.platform === 'win32' && code === 1 : BY_OTHERS.has(signal);
}

/** The other side of {@link elsewhere}: reads the order, does it and ends this process. */
export async function answer<T>(work: (order: T) => Promise<unknown>): Promise<never> {
  endWithParent();
  // Ctrl C reaches everyone in a terminal; whoever started this one says what is to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  let answered: Answer;
  try {
    answered = { result: await work(deserialize(Buffer.concat(parts)) as T) };
  } catch (error) {
    answered = { failed: error instanceof Error ? error.message : String(error) };
  }
  const out = createWriteStream('', { fd: 3 });
  await new Promise<void>((done) => out.end(serialize(answered), () => done()));
  process.exit(0);
}
