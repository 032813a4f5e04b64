/** The person's own npm, so that its registry, proxy and certificates hold. */
import { NOT_STARTED, spawnGuarded } from './guarded.ts';

const POLL_MS = 200;
/** So much of what npm said is kept. */
const MOST_SAID = 20_000;

export interface NpmRun {
  /** `missing` where npm cannot be started. */
  readonly end: 'done' | 'failed' | 'missing';
  /** The last of what it said. */
  readonly said: string;
  /** Its lines that tell the reason, without those that only warn. */
  readonly lines: readonly string[];
  /** The code that means that there was nobody to ask. */
  readonly offline: string | undefined;
  /** A disk takes no more. */
  readonly full: boolean;
  readonly cause?: unknown;
}

/** The line of an error that was thrown, if there is one, and the last ones of all. @param count of those. */
export function reasonIn(lines: readonly string[], count: number): string {
  const thrown = lines.findLastIndex((l) => THROWN.test(l));
  const last = lines.slice(-count);
  return (thrown < 0 || thrown >= lines.length - count ? last : [lines[thrown]!, ...last]).join(' | ');
}

/** Codes of npm and of Node that mean that there was nobody to ask. */
const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/;

/** What Node says first of an error that nobody caught: the line that tells most. */
const THROWN = /^(\[?\w*Error\b.*: |E[A-Z]{3,}\b)/;

/**
 * Runs npm until it ends. @param line told each line as it is said. @param check asked now and then; where it throws, npm and what it started
 * end at once. @throws what `check` threw.
 */
export async function runNpm(
  args: readonly string[],
  how: {
    readonly cwd: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly line?: (text: string) => void;
    readonly check: () => void;
  },
): Promise<NpmRun> {
  // npm is a script of the command interpreter there, and none of these words means anything to that.
  const [program, ...given] = process.platform === 'win32' ? ['cmd.exe', '/d', '/c', 'npm', ...args] : ['npm', ...args];
  const { child, kill } = spawnGuarded(program!, given, {
    cwd: how.cwd,
    ...(how.env === undefined ? {} : { env: { ...process.env, ...how.env } }),
  });
  let said = '';
  const rests = ['', ''];
  [child.stdout!, child.stderr!].forEach((stream, k) =>
    stream.setEncoding('utf8').on('data', (part: string) => {
      said = (said + part).slice(-MOST_SAID);
      const lines = (rests[k]! + part).split(/\r?\n|\r/);
      rests[k] = lines.pop() ?? '';
      for (const l of lines) if (l.trim() !== '') how.line?.(l);
    }),
  );
  let stopped: { readonly why: unknown } | undefined;
  const poll = setInterval(() => {
    try {
      if (stopped === undefined) how.check();
    } catch (why) {
      stopped = { why };
      kill();
    }
  }, POLL_MS);
  const end = await new Promise<{ code: number | string; cause?: unknown }>((resolve) => {
    child.on('error', (cause) => resolve({ code: NOT_STARTED, cause }));
    child.on('close', (status, signal) => resolve({ code: status ?? signal ?? 'unknown' }));
  }).finally(() => clearInterval(poll));
  if (stopped !== undefined) throw stopped.why;
  for (const rest of rests) if (rest.trim() !== '') how.line?.(rest);
  const lines = said
    .split('\n')
    .map((l) => l.replace(/^npm (error|ERR!) ?/i, '').trim())
    .filter(
      (l) => l !== '' && !/^npm (warn|notice|http|info|verb)/i.test(l) && !/complete log of this run|^code /i.test(l),
    );
  const state = end.code === NOT_STARTED ? 'missing' : end.code === 0 ? 'done' : 'failed';
  return {
    end: state,
    said,
    lines,
    offline: OFFLINE.exec(said)?.[1],
    full: /\b(ENOSPC|EDQUOT)\b/.test(said),
    ...(end.cause === undefined ? {} : { cause: end.cause }),
  };
}
