import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const GUARD = fileURLToPath(new URL('./guard.ts', import.meta.url));

/** A program that ends with whoever started it. */
export interface Guarded {
  /** The guard, with the program's output and its end. */
  readonly child: ChildProcess;
  /** Ends the program and what it started, at once. */
  kill(): void;
}

/** How a guard says that a program cannot be started: its exit status, which is no program's own. */
export const NOT_STARTED = 127;

/**
 * Starts a program that must not outlive the thread that started it, however that ends: between the two stands a guard, which ends the
 * program and all that it started when the pipe from here closes. @param options of which `stdio` says what is done with output and errors.
 */
export function spawnGuarded(
  program: string,
  args: readonly string[],
  {
    env,
    cwd,
    stdio = ['pipe', 'pipe'],
  }: Pick<SpawnOptions, 'env' | 'cwd'> & { readonly stdio?: ['pipe' | 'ignore', 'pipe' | 'ignore'] },
): Guarded {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', GUARD, program, ...args], {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', ...stdio],
  });
  child.stdin?.on('error', () => undefined);
  return { child, kill: () => child.stdin?.destroy() };
}
