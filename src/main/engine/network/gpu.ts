import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { spawnGuarded } from '../environment/guarded.ts';
import { logFailure, logger } from '../environment/log.ts';

/** The GPU that WebGPU would use. */
export interface GpuAdapter {
  readonly description: string;
  /** True for a rasteriser on the CPU. */
  readonly software: boolean;
  /** As WebGPU calls who made it: `nvidia`. */
  readonly vendor: string;
  /** In the driver's words; null where the system does not tell. */
  readonly driver: string | null;
  /** Whether kernels may compute in half precision. */
  readonly half: boolean;
  /** Bytes that a kernel sees of one value at most. */
  readonly binding: number;
}

const PROBE = `
import { create } from 'WEBGPU';
const adapter = await create([]).requestAdapter();
const info = adapter?.info;
process.stdout.write(JSON.stringify(info === undefined ? null
  : { vendor: info.vendor, architecture: info.architecture, description: info.description, device: info.device, software: info.isFallbackAdapter === true,
    half: adapter.features.has('shader-f16'),
    binding: Math.min(adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize) }));
process.exit(0);
`;
const PROBE_MS = 15_000;

let known: Promise<GpuAdapter | undefined> | undefined;

/**
 * Asks Dawn for the adapter of this machine, once. It is asked in a process of its own: two copies of Dawn, this one and the one in ONNX
 * Runtime, do not live well in one process, and a driver that crashes must not take the engine along.
 * @returns undefined where there is none, or where the optional package `webgpu` is not installed.
 */
export function webGpuAdapter(): Promise<GpuAdapter | undefined> {
  known ??= probe();
  return known;
}

async function probe(): Promise<GpuAdapter | undefined> {
  let module: string;
  try {
    module = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;
  } catch {
    // An optional package that is not there.
    return undefined;
  }
  const { child, kill } = spawnGuarded(
    process.execPath,
    ['--input-type=module', '-e', PROBE.replace('WEBGPU', module)],
    { stdio: ['pipe', 'ignore'], env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } },
  );
  const late = setTimeout(kill, PROBE_MS);
  let text = '';
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
  try {
    await once(child, 'close');
    const found = JSON.parse(text) as {
      vendor: string;
      architecture: string;
      description: string;
      device: string;
      software: boolean;
      half: boolean;
      binding: number;
    } | null;
    if (found === null) return undefined;
    const words = [found.device, found.description, found.vendor].filter((w) => w !== '');
    const description = words.find((w) => /[a-z]{3}/i.test(w)) ?? 'unknown GPU';
    const software = found.software || /llvmpipe|swiftshader|software|basic render/i.test(words.join(' '));
    return {
      description: software ? `${description} (on the CPU)` : description,
      software,
      vendor: found.vendor,
      driver: found.description === '' ? null : found.description,
      half: found.half,
      binding: found.binding,
    };
  } catch (error) {
    logFailure(logger('gpu'), 'No graphics adapter could be asked for', error);
    return undefined;
  } finally {
    clearTimeout(late);
  }
}
