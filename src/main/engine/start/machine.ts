/** What this machine has: Node, compute back ends, COLMAP, Electron, disk; and how to get what is missing. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { MachineReport } from '../../../shared/facts/machine.ts';
import { colmapVersion } from '../clustering/colmap.ts';
import { packagedStudio } from '../environment/packaged.ts';
import { resourcePath } from '../environment/resources.ts';
import { VERSION } from '../environment/version.ts';
import { lookAtBackEnds } from '../training/machine/look.ts';

/** Looks at the machine. Every back end is really run on a small graph; one that is missing is said to be, never assumed. */
export async function lookAtMachine(at = process.cwd()): Promise<MachineReport> {
  const backends = await lookAtBackEnds();
  const disk = statfsSync(at);
  return {
    covis: VERSION,
    node: { version: process.version, path: process.execPath },
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model ?? 'unknown', memoryBytes: totalmem() },
    backends,
    colmap: colmap(),
    electron: electron(),
    disk: { path: at, freeBytes: disk.bavail * disk.bsize },
  };
}

function colmap(): MachineReport['colmap'] {
  const version = colmapVersion();
  return {
    version,
    hint:
      version === null
        ? 'Not needed for models that exist already, nor for clusters of verified matches. To have covis cluster build 3D models: apt-get install colmap (Debian, Ubuntu), brew install colmap (macOS), or the binaries of its releases (Windows)'
        : null,
  };
}

const NO_WINDOW =
  'The window comes with the packages for each system. Without it, covis serve shows the same studio in a browser.';

function electron(): MachineReport['electron'] {
  const packaged = packagedStudio();
  if (packaged !== undefined) {
    const said = join(dirname(packaged), 'version');
    return { version: existsSync(said) ? readFileSync(said, 'utf8').trim() : null, binary: true, hint: null };
  }
  const root = join(resourcePath(), '..', 'node_modules', 'electron');
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const manifest = join(root, 'package.json');
  if (!existsSync(manifest)) return { version: null, binary: false, hint: NO_WINDOW };
  const version = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  const binary = override !== undefined ? existsSync(override) : existsSync(join(root, 'path.txt'));
  return {
    version,
    binary,
    hint: binary
      ? null
      : 'The desktop studio fetches its binary once: npx install-electron. Without it, covis serve shows the same studio in a browser.',
  };
}
