import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');
/** Photos and models for tests, beside the checkout; not part of the project. */
export const SHARED = join(ROOT, '..', 'shared', 'data');
/** Inputs of the kinds that were once taken wrongly, each with its command and what is right. */
export const CASES = join(ROOT, '..', 'shared', 'cases');

/** The Python that has the readers of other tools. */
export const PYTHON = process.env['COVIS_PYTHON'] ?? '/usr/bin/python3';

function runs(command: string, args: readonly string[]): boolean {
  return (
    spawnSync(command, args, {
      stdio: 'ignore',
      timeout: 30_000,
      env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' },
    }).error === undefined
  );
}

const PROGRAMS = {
  chromium: { found: () => existsSync('/usr/bin/chromium'), install: 'apt-get install -y chromium' },
  colmap: { found: () => runs('colmap', ['help']), install: 'apt-get install -y colmap' },
  numpy: {
    found: () => spawnSync('/usr/bin/python3', ['-c', 'import numpy'], { stdio: 'ignore' }).status === 0,
    install: 'apt-get install -y python3-numpy',
  },
  pillow: {
    found: () => spawnSync('/usr/bin/python3', ['-c', 'import numpy, PIL'], { stdio: 'ignore' }).status === 0,
    install: 'apt-get install -y python3-pil python3-numpy',
  },
  // Readers of other tools, which open what Covis exports. A user never needs them.
  'python readers': {
    found: () =>
      spawnSync(PYTHON, ['-c', 'import h5py, numpy, onnxruntime, pandas, PIL, pyarrow, pycolmap, scipy'], {
        stdio: 'ignore',
      }).status === 0,
    install:
      'python3 -m venv P && P/bin/pip install numpy scipy h5py pandas pyarrow pillow pycolmap onnxruntime, then COVIS_PYTHON=P/bin/python',
  },
  xvfb: {
    found: () => runs('Xvfb', ['-help']),
    install: 'apt-get install -y xvfb libgtk-3-0 libnss3 libasound2 libgbm1',
  },
  electron: {
    found: () =>
      existsSync(
        join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(ROOT, 'node_modules', 'electron', 'dist'), 'electron'),
      ),
    install: 'npx install-electron (or ELECTRON_OVERRIDE_DIST_PATH=a folder with an Electron)',
  },
  slurm: {
    found: () =>
      process.getuid?.() === 0 &&
      ['slurmctld', 'slurmd', 'sbatch', 'munged'].every(
        (p) => spawnSync('which', [p], { stdio: 'ignore' }).status === 0,
      ),
    install: 'apt-get install -y slurmctld slurmd slurm-client munge, as root',
  },
  dpkg: { found: () => runs('dpkg-deb', ['--version']), install: 'a Debian or Ubuntu' },
  'shared data': {
    found: () => existsSync(SHARED),
    install: 'photos and models in ../shared/data, beside the checkout',
  },
} as const;

/** A disk of its own in a folder, of so many bytes; undefined where the system lets nobody mount one. Not for CI to demand: it may not. */
export function smallDisk(folder: string): SmallDisk | undefined {
  const mount = (...args: string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
  if (process.platform !== 'linux' || !mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder)) return undefined;
  return {
    holds: (bytes) => {
      if (!mount('-o', `remount,size=${Math.ceil(bytes / 4096) * 4096}`, folder)) throw new Error('no remount');
    },
    readOnly: (yes) => {
      if (!mount('-o', `remount,${yes ? 'ro' : 'rw'}`, folder)) throw new Error('no remount');
    },
    end: () => void spawnSync('umount', ['-l', folder], { stdio: 'ignore' }),
  };
}

/** A disk that tests make larger and smaller. */
export interface SmallDisk {
  readonly holds: (bytes: number) => void;
  readonly readOnly: (yes: boolean) => void;
  readonly end: () => void;
}

export type Program = keyof typeof PROGRAMS;

/**
 * `describe` where all programs are there. Elsewhere the tests are skipped under a name that says what installs them;
 * with COVIS_REQUIRE_ALL set (as in CI) they fail instead.
 */
export function describeWith(programs: readonly Program[], name: string, body: () => void): void {
  const missing = programs.filter((p) => !PROGRAMS[p].found());
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const lines = missing.map((p) => `${p}: ${PROGRAMS[p].install}`).join('; ');
  if (process.env['COVIS_REQUIRE_ALL'] !== undefined) throw new Error(`${name} needs ${lines}`);
  describe.skip(`${name} [needs ${lines}]`, body);
}

const RASTERISER = 'apt-get install mesa-vulkan-drivers (version 25 or newer), and set XDG_RUNTIME_DIR';

/** The same for what computes on WebGPU, on whatever adapter there is; skipped by name where there is none, also in CI. */
export function describeWithAdapter(
  adapter: { readonly description: string } | undefined,
  name: string,
  body: () => void,
): void {
  if (adapter !== undefined) describe(`${name} (${adapter.description})`, body);
  else describe.skip(`${name} [needs WebGPU: ${RASTERISER}]`, body);
}
