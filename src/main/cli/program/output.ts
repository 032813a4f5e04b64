import { duration } from '../../../shared/duration.ts';
import type { JobProgress } from '../../../shared/domain.ts';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import { tellLauncher } from '../../engine/environment/launcher.ts';
import { logFailure, logger } from '../../engine/environment/log.ts';
import { diskError } from '../../engine/formats/disk.ts';
import { cancelled, ProgressMeter, type TaskContext } from '../../engine/queue/context.ts';

/** Writes the one JSON object of `--json`, or lines for a person. */
export function print(json: boolean, value: unknown, lines: () => readonly string[]): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(value)}\n`
      : lines()
          .map((l) => `${l}\n`)
          .join(''),
  );
}

/**
 * What cannot be written to standard output is told on standard error, with exit code 1. A reader that wants no more, as head does, is no
 * error, and neither is a terminal that is gone: the work goes on.
 */
export function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    logFailure(logger('cli'), 'standard output', error);
    const { message, hint } = toErrorShape(error);
    process.stderr.write(`covis: The output cannot be written: ${message}${hint === undefined ? '' : `\n  ${hint}`}\n`);
    process.exitCode = 1;
  });
}

/** Reports an error and sets the exit code. */
export function fail(json: boolean, error: unknown): void {
  logFailure(logger('cli'), process.argv[2] ?? 'covis', error);
  const shape = toErrorShape(diskError(error));
  if (json) process.stdout.write(`${JSON.stringify({ error: shape })}\n`);
  const where =
    shape.file === undefined ? '' : `\n  ${shape.file}${shape.offset === undefined ? '' : `, byte ${shape.offset}`}`;
  const hint = shape.hint === undefined ? '' : `\n  ${shape.hint}`;
  process.stderr.write(`covis: ${shape.message}${where}${hint}\n`);
  if (shape.code === 'INTERNAL' && process.env['COVIS_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  process.exitCode = shape.code === 'CANCELLED' ? 130 : 1;
}

const IMPATIENCE_MS = 1000;
/** Signals of a scheduler. */
const TOLD = process.platform === 'win32' ? (['SIGTERM'] as const) : (['SIGTERM', 'SIGUSR1'] as const);
let told = false;

/** True where this process was told to end by a scheduler's signal, and heard it while it worked. */
export function toldToEnd(): boolean {
  return told;
}

/** A task context that draws one line per step on standard error and stops on Ctrl C. */
export function terminalContext(warnings: string[] = []): TaskContext & {
  /** Ends the line of the last step. @param cut the step did not come to its end. */
  finish(cut?: boolean): void;
} {
  const tty = process.stderr.isTTY === true;
  let stopped = false;
  let stoppedAt = 0;
  let open = '';
  let began = performance.now();
  let last: JobProgress | undefined;
  let done = 0;
  // Ctrl C reaches this process twice, from the terminal and from its launcher; only a later one means "now".
  const onSignal = (): void => {
    if (stopped && performance.now() - stoppedAt > IMPATIENCE_MS) process.exit(130);
    if (!stopped) stoppedAt = performance.now();
    stopped = true;
  };
  process.on('SIGINT', onSignal);
  for (const signal of TOLD)
    process.on(signal, () => {
      told = true;
      onSignal();
    });
  const close = (cut = stopped): void => {
    if (open === '') return;
    const seconds = (performance.now() - began) / 1000;
    const part = cut && last !== undefined && done < last.total ? `${done} of ` : '';
    const count = last !== undefined && last.total > 0 ? ` ${part}${last.total} ${last.unit},` : '';
    process.stderr.write(`${tty ? '\r\u001b[2K' : ''}${open}:${count} ${duration(seconds)}\n`);
    open = '';
  };
  const meter = new ProgressMeter((p) => {
    last = p;
    if (!tty || p.total === 0) return;
    const inAll = p.whole === undefined ? '' : `, ${duration(p.whole)} left in all`;
    const left = `${p.left === null ? '' : `, ${duration(p.left)} left`}${inAll}`;
    process.stderr.write(
      `\r\u001b[2K${p.step}: ${p.done}/${p.total} ${p.unit}${p.rate > 0 ? `, ${p.rate.toFixed(1)}/s` : ''}${left}`,
    );
  });
  return {
    step: (name, total, unit) => {
      close();
      open = name;
      began = performance.now();
      done = 0;
      meter.step(name, total, unit);
      if (tty && total === 0) process.stderr.write(name);
    },
    progress: (n) => {
      done = n;
      meter.progress(n);
    },
    ahead: (units) => meter.ahead(units),
    warn: (message) => {
      warnings.push(message);
      process.stderr.write(`${tty ? '\r\u001b[2K' : ''}warning: ${message}\n`);
    },
    changed: () => undefined,
    check: () => {
      if (stopped) throw cancelled();
    },
    finishes: tellLauncher,
    finish: close,
  };
}

/** An option's value as a number. @throws CovisError `INPUT_INVALID`. */
export function numberOption(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new CovisError('INPUT_INVALID', `${name} takes a number, not "${text}"`);
    return value;
  };
}
