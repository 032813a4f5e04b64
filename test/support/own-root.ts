/** The system's files as a root of their own, where something is installed and run, and that is gone afterwards: this machine stays as it is. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A person of that root. */
export interface Person {
  readonly name: string;
  readonly id: number;
  readonly home: string;
}

export interface OwnRoot {
  /** Runs a program there, as root or as an ordinary person, to its end. @throws Error with what it said where it fails */
  readonly run: (words: readonly string[], who?: Person) => string;
  /** Starts a program there. */
  readonly start: (words: readonly string[], who: Person, env?: Readonly<Record<string, string>>) => ChildProcess;
  readonly end: () => void;
}

/** What a person's programs find around them: no variable of this process, and no Node. */
function words(o: { pid: number; who: Person | undefined; env: Readonly<Record<string, string>> }): readonly string[] {
  const ids =
    o.who === undefined
      ? []
      : ['--reuid', `${o.who.id}`, '--regid', `${o.who.id}`, '--clear-groups', '--inh-caps=-all'];
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: o.who?.home ?? '/root', ...o.env };
  return [
    ...['--mount', `--target=${o.pid}`, '--wdns=/', 'setpriv', ...ids],
    ...['env', '-i', ...Object.entries(env).map(([k, v]) => `${k}=${v}`)],
  ];
}

/**
 * Needs to be root. What is written in it lands in memory; /tmp, /home and what is `hidden` are empty, `files` are there to read.
 * @returns undefined where the system does not let one be made
 */
export async function ownRoot(
  folder: string,
  o: { readonly hidden: readonly string[]; readonly programs: readonly string[]; readonly files: string },
): Promise<OwnRoot | undefined> {
  const at = (name: string): string => join(folder, name);
  for (const name of ['disk', 'root']) mkdirSync(at(name), { recursive: true });
  const script = at('make-root.sh');
  writeFileSync(
    script,
    `set -e
cd "$1"
mount -t tmpfs tmpfs disk
mkdir disk/upper disk/work
mount -t overlay overlay -o lowerdir=/,upperdir=disk/upper,workdir=disk/work root
mkdir -p root/given root/old
mount --bind "$2" root/given
for d in proc sys dev; do mount --rbind /$d root/$d; done
for d in tmp home; do mount -t tmpfs -o mode=1777 tmpfs root/$d; done
shift 2
while [ "$1" != -- ]; do if [ -d "root$1" ]; then mount -t tmpfs tmpfs "root$1"; fi; shift; done
shift
for f in "$@"; do rm -f "root$f"; done
cd root
pivot_root . old
umount -l /old
echo ready
exec sleep 3600
`,
  );
  const keeper = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', script, folder, o.files, ...o.hidden, '--', ...o.programs],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ready = await new Promise<boolean>((done) => {
    keeper.stdout.once('data', () => done(true));
    keeper.once('exit', () => done(false));
    keeper.once('error', () => done(false));
  });
  const { pid } = keeper;
  if (!ready || pid === undefined) return undefined;
  return {
    run: (what, who) => {
      const r = spawnSync('nsenter', [...words({ pid, who, env: {} }), ...what], { encoding: 'utf8' });
      if (r.status !== 0) throw new Error(`${what.join(' ')} ended with ${r.status}: ${r.stderr}${r.stdout}`);
      return r.stdout;
    },
    start: (what, who, env = {}) =>
      spawn('nsenter', [...words({ pid, who, env }), ...what], { stdio: ['ignore', 'pipe', 'pipe'] }),
    end: () => {
      keeper.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
