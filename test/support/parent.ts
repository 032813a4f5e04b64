/** A program that starts another, says its number, and waits to be killed: `node parent.ts colmap|thread|engine ARGUMENTS`. */
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { ROOT } from './programs.ts';
import { join } from 'node:path';

const [what, ...args] = process.argv.slice(2);
setInterval(() => undefined, 1000);
if (what === 'colmap') {
  const { runColmap } = await import('../../src/main/engine/clustering/colmap.ts');
  await runColmap('mapper', args, silentContext(), (line) => process.stdout.write(`${line}\n`));
} else if (what === 'thread') {
  const worker = new Worker(new URL(import.meta.url), { argv: ['colmap', ...args], stdout: true });
  worker.stdout.on('data', (part: Buffer) => process.stdout.write(part));
  process.stdin.once('data', () => void worker.terminate());
} else if (what === 'engine') {
  const child = fork(join(ROOT, 'src', 'main', 'server', 'engine-process.ts'), args, {
    execArgv: ['--disable-warning=ExperimentalWarning', ...JSON.parse(process.env['ENGINE_ARGUMENTS'] ?? '[]')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.once('message', () => process.stdout.write(`${child.pid}\n`));
}
