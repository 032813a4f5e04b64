/** The desktop's logger: the same file, levels and format as those of the engine (engine/environment/log.ts), in Electron's main process. */
import electronLog from 'electron-log/main.js';
import { app } from 'electron';
import { writeMessage } from '../engine/environment/log-file.ts';

const root = electronLog.create({ logId: 'covis' });
for (const name of Object.keys(root.transports)) root.transports[name] = null;
root.transports['covis'] = Object.assign(writeMessage, { level: 'debug' as const, transforms: [] });

export const log = root.scope('desktop');

/** Logs what nobody caught in this process, and processes of Electron's that are gone. Changes nothing about what happens then. */
export function logUncaught(): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => log.error(`${origin}:`, error));
  process.on('unhandledRejection', (reason) => log.error('unhandledRejection:', reason));
  app.on('render-process-gone', (_event, _contents, { reason, exitCode }) =>
    log[reason === 'clean-exit' ? 'info' : 'error'](`The page's process is gone: ${reason} (${exitCode})`),
  );
  app.on('child-process-gone', (_event, { type, reason, exitCode }) =>
    log.error(`A process of the desktop is gone: ${type}, ${reason} (${exitCode})`),
  );
}
