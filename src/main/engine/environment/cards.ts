/** The graphics cards of this machine, as its drivers tell. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Card {
  readonly name: string;
  readonly memoryBytes: number;
  readonly driver: string;
}

const ASK_MS = 10_000;
const MIB = 2 ** 20;

let asked: Card | undefined | null = null;

/** The first NVIDIA card, by its driver's own program; undefined where there is none. Asked once. */
export function nvidiaCard(): Card | undefined {
  if (asked !== null) return asked;
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: ASK_MS, windowsHide: true });
  const [name, memory, driver] = status === 0 ? (stdout.split('\n')[0] ?? '').split(',').map((w) => w.trim()) : [];
  const mib = Number(memory);
  asked =
    name === undefined || driver === undefined || !(mib > 0) ? undefined : { name, memoryBytes: mib * MIB, driver };
  return asked;
}

/** Memory of the first card whose driver on Linux tells it in files, as AMD's does. */
export function videoMemory(root = '/sys/class/drm'): number | undefined {
  if (!existsSync(root)) return undefined;
  for (const card of readdirSync(root)) {
    const file = join(root, card, 'device', 'mem_info_vram_total');
    const bytes = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (bytes > 0) return bytes;
  }
  return undefined;
}

/** False where Linux has no device of a graphics card, so that only a rasteriser could answer. */
export function mayHaveCard(root = '/dev'): boolean {
  if (process.platform !== 'linux') return true;
  return ['dri', 'nvidiactl', 'nvidia0', 'kfd', 'dxg', 'mali0'].some((name) => existsSync(join(root, name)));
}
