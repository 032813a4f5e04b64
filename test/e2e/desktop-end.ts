import type { ElectronApplication } from 'playwright-core';

const PATIENCE_MS = 20_000;

/**
 * Ends a desktop, whatever it is at: one that asks somebody, as whether a job may be stopped, waits for an answer for as long as nobody gives
 * one, and playwright waits with it.
 */
export async function endDesktop(app: ElectronApplication | undefined): Promise<void> {
  if (app === undefined) return;
  const child = app.process();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), PATIENCE_MS)));
  const how = await Promise.race([app.close().catch(() => undefined), late]);
  clearTimeout(timer);
  if (how === 'late') child.kill('SIGKILL');
}
