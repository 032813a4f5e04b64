/** Repair of a library that cannot be opened, by the command that anyone can run. */
import { spawn } from 'node:child_process';
import type { Repaired } from '../../shared/facts/desktop.ts';
import type { EngineCommand } from './supervisor.ts';
import { engineEnvironment } from '../../../scripts/engine-node.mjs';

const SAID_BYTES = 64 << 10;

/** Arguments of the command line that look at everything in a library and make again what can be made. */
export function repairArguments(library: string): readonly string[] {
  return ['check', library, '--full', '--repair'];
}

/** Runs `covis check LIBRARY --full --repair`. Never rejects. @param cli script of the command line. */
export function repair({ node, root }: EngineCommand, cli: string, library: string): Promise<Repaired> {
  return new Promise((resolve) => {
    const child = spawn(node, ['--disable-warning=ExperimentalWarning', cli, ...repairArguments(library)], {
      cwd: root,
      env: engineEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const hear = (chunk: Buffer): void => {
      text = (text + chunk.toString('utf8')).slice(-SAID_BYTES);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', (error) => resolve({ ok: false, text: `The repair could not be started: ${error.message}` }));
    child.on('close', (code, signal) =>
      resolve({ ok: code === 0, text: text.trim() || `The repair ended (${signal ?? `code ${code}`})` }),
    );
  });
}
