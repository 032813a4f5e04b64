import { fork, type ChildProcess } from 'node:child_process';
import { threads } from '../../environment/threads.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { LIMITS } from '../../formats/budget.ts';
import type { Grey } from '../sketch.ts';

/** What a painter is told, and what it says; it says `ready` first. */
export interface PaintTask {
  readonly svg: Uint8Array;
}
export type Painted = { readonly ready: true } | { readonly grey: Grey } | { readonly error: string };

interface Painter {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
}

const most = (): number => Math.max(1, Math.min(4, threads() - 1));
const idle: Painter[] = [];
const waiting: (() => void)[] = [];
let busy = 0;

/**
 * Paints an SVG in a process of its own, the only thing that can be ended while it paints: what a small SVG says may take for ever.
 * @param seconds of painting at most, the start of the process left out.
 * @throws CovisError `INPUT_UNSUPPORTED` for one that takes too long. @throws Error for what is no SVG.
 */
export async function paint(
  svg: Uint8Array,
  where: { readonly file?: string },
  seconds: number = LIMITS.svg.seconds,
): Promise<Grey> {
  while (busy >= most()) await new Promise<void>((go) => waiting.push(go));
  busy += 1;
  const painter = idle.pop() ?? start();
  try {
    hold(painter, true);
    const grey = await ask(painter, svg, where, seconds);
    idle.push(painter);
    return grey;
  } catch (error) {
    if (painter.child.connected && !painter.child.killed) idle.push(painter);
    throw error;
  } finally {
    hold(painter, false);
    busy -= 1;
    waiting.shift()?.();
  }
}

function start(): Painter {
  const child = fork(new URL('./svg-child.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`its process ended with ${signal ?? code}`)));
  });
  child.on('exit', () => {
    const at = idle.findIndex((p) => p.child === child);
    if (at >= 0) idle.splice(at, 1);
  });
  return { child, ready };
}

/** One that has nothing to do keeps no program from ending, and ends with it. */
function hold({ child }: Painter, held: boolean): void {
  if (held) child.ref();
  else child.unref();
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined;
  if (held) channel?.ref();
  else channel?.unref();
}

async function ask(
  { child, ready }: Painter,
  svg: Uint8Array,
  where: { readonly file?: string },
  seconds: number,
): Promise<Grey> {
  // Whoever reads the drawing puts this into words.
  const corrupt = (cause: unknown): Error => new Error('this SVG cannot be painted', { cause });
  await ready.catch((cause: unknown) => {
    throw corrupt(cause);
  });
  const answer = await new Promise<Painted>((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      reject(corrupt(new Error(`its process ended with ${signal ?? code}`)));
    };
    const timer = setTimeout(() => {
      child.removeListener('exit', ended);
      child.kill('SIGKILL');
      reject(
        new CovisError('INPUT_UNSUPPORTED', `This SVG takes more than ${seconds} s to draw`, {
          ...where,
          hint: 'It repeats its parts too often: save it with fewer, or as PNG.',
        }),
      );
    }, 1000 * seconds);
    child.once('exit', ended);
    child.once('message', (m: Painted) => {
      clearTimeout(timer);
      child.removeListener('exit', ended);
      resolve(m);
    });
    const task: PaintTask = { svg };
    child.send(task, (error) => {
      if (error === null) return;
      clearTimeout(timer);
      child.removeListener('exit', ended);
      reject(corrupt(error));
    });
  });
  if ('grey' in answer) return answer.grey;
  throw corrupt(new Error('error' in answer ? answer.error : 'it said nothing'));
}
