/** Processes that end with the one that started them, however that ends. */
import { Worker } from 'node:worker_threads';
import { isFinishing, noteLauncher } from './launcher.ts';

const LOOK_MS = 500;
/** So long a process whose parent is gone has to end by itself. */
const GRACE_MS = 5000;
/** And so long where it is finishing something. */
const FINISHING_MS = 600_000;

/** True once the process that started this one is gone. */
export function isOrphan(parent: number): boolean {
  // Elsewhere an orphan is given another parent; Windows keeps the number of the one that is gone.
  if (process.platform !== 'win32') return process.ppid !== parent;
  try {
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/**
 * Ends this process soon after its parent is gone, also while it is busy with what cannot be interrupted: a thread of its own looks. What
 * listens to the parent has some seconds to end it in an orderly way.
 */
export function endWithParent(): void {
  const watch = new Worker(new URL('./parent-watch.ts', import.meta.url), {
    workerData: { parent: process.ppid, look: LOOK_MS, grace: GRACE_MS },
  });
  watch.unref();
}

/**
 * Ends a command whose launcher (`bin/covis`) was killed as Ctrl C does, and after some seconds at once: whoever kills `covis` means
 * what works under its name.
 */
export function endWithLauncher(): void {
  const launcher = Number(process.env['COVIS_LAUNCHER']);
  // What this process starts is not started by the launcher.
  delete process.env['COVIS_LAUNCHER'];
  if (launcher !== process.ppid) return;
  noteLauncher();
  let orphanedAt = 0;
  setInterval(() => {
    if (!isOrphan(launcher)) return;
    if (orphanedAt === 0) {
      orphanedAt = performance.now();
      process.kill(process.pid, 'SIGTERM');
    } else if (performance.now() - orphanedAt > (isFinishing() ? FINISHING_MS : GRACE_MS))
      process.kill(process.pid, 'SIGKILL');
  }, LOOK_MS).unref();
}
