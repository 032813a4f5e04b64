/** AppArmor's own parser, of a version that knows which profiles may make user namespaces; Debian 12 has none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface ProfileParser {
  readonly version: string;
  /** Reads a profile whole, as for a kernel, and loads nothing. @returns what it is compiled to, empty where it was refused, and what was said */
  readonly compile: (file: string) => { readonly binary: Buffer; readonly said: string };
}

/**
 * The system's parser, or the one below `COVIS_APPARMOR`: a folder where Debian's packages `apparmor` and `libc6` are unpacked.
 * @returns undefined where there is none from version 4 on
 */
export function profileParser(): ProfileParser | undefined {
  const given = process.env['COVIS_APPARMOR'];
  const libraries = given === undefined ? '' : join(given, 'usr', 'lib', 'x86_64-linux-gnu');
  const words: readonly [string, ...string[]] =
    given === undefined
      ? ['apparmor_parser']
      : [
          join(libraries, 'ld-linux-x86-64.so.2'),
          ...['--library-path', libraries, join(given, 'usr', 'sbin', 'apparmor_parser')],
        ];
  const base = join(given ?? '/', 'etc', 'apparmor.d');
  const run = (...more: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(words[0], [...words.slice(1), ...more], { timeout: 60_000 });
  const version = /version (\d\S*)/.exec(String(run('--version').stdout))?.[1];
  if (version === undefined || Number.parseInt(version, 10) < 4 || !existsSync(join(base, 'abi', '4.0')))
    return undefined;
  return {
    version,
    compile: (file) => {
      // As a kernel of that version would have it, whatever runs here.
      const kernel = ['--kernel-features', join(base, 'abi', '4.0')];
      const r = run('--skip-kernel-load', '--skip-cache', '--base', base, ...kernel, '--stdout', file);
      return { binary: r.status === 0 ? (r.stdout as Buffer) : Buffer.alloc(0), said: String(r.stderr) };
    },
  };
}
