/** Runs a program until it ends or until standard input closes, which means that whoever wanted it is gone. */
import { spawn, spawnSync } from 'node:child_process';

const [program = '', ...args] = process.argv.slice(2);
const isWindows = process.platform === 'win32';
// In a group of its own, so that what it starts ends with it.
const child = spawn(program, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  detached: !isWindows,
  windowsHide: true,
});

function kill(): void {
  if (child.pid === undefined) return;
  try {
    if (isWindows) spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

process.stdin.on('end', kill).on('error', kill).on('close', kill).resume();
// Ctrl C reaches all programs of a terminal; whoever started this one decides what becomes of it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  kill();
  if (signal === null) process.exit(code ?? 1);
  for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeAllListeners(s);
  process.kill(process.pid, signal);
});
