import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A desktop of which only the main process has an inspector: Chromium passes over a page that hangs while a debugger is attached to it. */
export interface UnwatchedDesktop {
  readonly child: ChildProcess;
  /** Runs a function in the main process. @param given is handed to it, as JSON. @throws what it throws there. */
  readonly evaluate: <T, G>(
    work: (electron: typeof Electron.CrossProcessExports, given: G) => T | Promise<T>,
    given?: G,
  ) => Promise<T>;
  readonly end: () => Promise<void>;
}

const ELECTRON = "process.getBuiltinModule('node:module').createRequire('/')('electron')";

interface Answer {
  readonly id: number;
  readonly result?: {
    readonly result: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
  };
}

/** Starts Electron with an inspector of its main process alone. */
export async function launchUnwatched(
  binary: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<UnwatchedDesktop> {
  const child = spawn(binary, ['--inspect=127.0.0.1:0', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const socket = new WebSocket(await inspectorOf(child));
  await once(socket, 'open');
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.on('message', (text: Buffer) => {
    const answer = JSON.parse(text.toString()) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let last = 0;
  async function expression(text: string): Promise<unknown> {
    const id = (last += 1);
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    const params = { expression: text, awaitPromise: true, returnByValue: true };
    socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    const { result } = await answered;
    const failed = result?.exceptionDetails;
    if (failed !== undefined) throw new Error(failed.exception?.description ?? failed.text);
    return result?.result.value;
  }
  return {
    child,
    evaluate: async (work, given) =>
      (await expression(`(async () => (${String(work)})(${ELECTRON}, ${JSON.stringify(given ?? null)}))()`)) as never,
    end: async () => {
      socket.terminate();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function inspectorOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (text: Buffer) => {
      said += text.toString();
      const address = /Debugger listening on (ws:\S+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`The desktop ended with ${code}: ${said}`)));
  });
}
