/** The logger of the engine, the server, the command line and their threads. The desktop has its counterpart. */
import electronLog from 'electron-log/node';
import { CovisError } from '../../../shared/errors.ts';
import { writeMessage, type LogLevel } from './log-file.ts';

/** A part of Covis that logs. Errors are written with their stack and their causes. */
export type Log = { readonly [L in LogLevel]: (...data: unknown[]) => void };

const root = electronLog.create({ logId: 'covis' });
for (const name of Object.keys(root.transports)) root.transports[name] = null;
root.transports['covis'] = Object.assign(writeMessage, { level: 'debug' as const, transforms: [] });

/** The logger of a part: `logger('queue').info('job 3 started')`. */
export function logger(component: string): Log {
  return root.scope(component);
}

/** Makes this process, its threads and the processes that it starts write their log to standard error, too, everything unless `COVIS_LOG` says less. */
export function beVerbose(): void {
  process.env['COVIS_VERBOSE'] = '1';
  process.env['COVIS_LOG'] ||= 'debug';
}

/** Codes that mean that Covis itself is at fault, or something it relies on. */
const OURS: readonly string[] = ['INTERNAL', 'EXTERNAL_FAILED', 'ENGINE_EXITED'];

/**
 * Logs what was thrown, before it becomes a shape that has no stack. Faults of ours and everything unknown are errors with
 * their stack; what a person's files or the order of steps explain is one line, and its stack only for `debug`.
 */
export function logFailure(log: Log, what: string, error: unknown): void {
  if (!(error instanceof CovisError) || OURS.includes(error.code)) {
    log.error(`${what}:`, error);
    return;
  }
  if (error.code !== 'CANCELLED')
    log.info(`${what}: ${error.code}: ${error.message}${error.file === undefined ? '' : ` (${error.file})`}`);
  log.debug(`${what}:`, error);
}

/** Ways that a connection ends; none of them says anything about the state of this process. */
const CONNECTION_CODES: readonly string[] = ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'];

function ofConnection(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  return CONNECTION_CODES.includes(code) || code.startsWith('WS_ERR_');
}

let watched = false;

/**
 * Logs what nobody caught, with its stack, and warnings of the platform.
 * @param serving a server goes on after a rejected promise that nobody waited for and after a lost connection; anything else
 * leaves it in a state that nobody knows, so that it ends, as every other process does.
 */
export function logUncaught(log: Log, serving = false): void {
  if (!watched) {
    process.on('warning', (warning) => log.warn(warning));
    process.on('uncaughtExceptionMonitor', (error, origin) => log.error(`${origin}:`, error));
  }
  watched = true;
  if (!serving) return;
  process.on('unhandledRejection', (reason) => log.error('unhandledRejection:', reason));
  process.on('uncaughtException', (error) => {
    if (ofConnection(error)) return;
    process.stderr.write(`covis: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
}
