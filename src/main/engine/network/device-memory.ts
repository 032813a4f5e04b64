/** How much memory a back end may take. */
import { totalmem } from 'node:os';
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import { nvidiaCard, videoMemory } from '../environment/cards.ts';
import { webGpuAdapter } from './gpu.ts';

/** Of this machine, or of the control group that this process is in. */
export function hostMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** Bytes of what a back end computes on; undefined where nobody tells. */
export async function memoryOf(backend: ConcreteBackend): Promise<number | undefined> {
  switch (backend) {
    case 'cpu':
    case 'tfjs-cpu':
      return hostMemory();
    case 'cuda':
      return nvidiaCard()?.memoryBytes;
    case 'webgpu':
    case 'tfjs-webgpu': {
      const adapter = await webGpuAdapter();
      if (adapter?.software === true) return hostMemory();
      if (adapter?.vendor === 'nvidia') return nvidiaCard()?.memoryBytes;
      return adapter?.vendor === 'amd' ? videoMemory() : undefined;
    }
    default:
      return undefined;
  }
}
