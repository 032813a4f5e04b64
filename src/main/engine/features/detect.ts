import { Worker } from 'node:worker_threads';
import { threads as availableThreads } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import { logger } from '../environment/log.ts';
import { photoImage, undecodable } from '../library/pixels.ts';
import type { FeatureTask } from './feature-worker.ts';
import { DEFAULT_SIFT, type Features, type SiftParameters } from './sift.ts';

/** Long side in pixels at which photos are looked at. */
export const FEATURE_SIZE = 1024;

/**
 * Detects features of photos in threads of their own, one a core. Photos are looked at as stored, before EXIF orientation, as SfM
 * tools do; frames are in pixels of the stored photo. Close it when done.
 */
export class FeatureDetector {
  readonly #workers: Worker[] = [];
  readonly #waiting = new Map<number, { resolve: (f: Features) => void; reject: (e: Error) => void }>();
  readonly #parameters: SiftParameters;
  #next = 0;
  #failure: CovisError | undefined;

  constructor(parameters: SiftParameters = DEFAULT_SIFT, threads = availableThreads()) {
    this.#parameters = parameters;
    for (let i = 0; i < threads; i += 1) {
      const worker = new Worker(new URL('./feature-worker.ts', import.meta.url));
      worker.on('message', ({ id, ...features }: Features & { id: number }) => {
        this.#waiting.get(id)?.resolve(features);
        this.#waiting.delete(id);
      });
      worker.on('error', (cause) => {
        logger('features').error('A thread failed:', cause);
        // It takes no more photos, and those who ask later would wait for good.
        this.#failure = new CovisError('INTERNAL', 'A thread that detects features ended', { cause });
        for (const w of this.#waiting.values()) w.reject(this.#failure);
        this.#waiting.clear();
      });
      this.#workers.push(worker);
    }
  }

  get threads(): number {
    return this.#workers.length;
  }

  /** @throws CovisError `INPUT_CORRUPT` naming the file when it cannot be decoded; `INTERNAL` once a thread has failed. */
  async detect(file: string | Uint8Array): Promise<Features> {
    const { grey, width, height, zoom } = await greyOf(file);
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#next++;
    const found = await new Promise<Features>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const task: FeatureTask = { id, grey, width, height, parameters: this.#parameters };
      this.#workers[id % this.#workers.length]!.postMessage(task, [grey.buffer as ArrayBuffer]);
    });
    for (let i = 0; i < found.frames.length; i += 4) for (let k = 0; k < 3; k += 1) found.frames[i + k]! *= zoom;
    return found;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((w) => w.terminate()));
  }
}

/** Grey values from 0 to 1 of the photo as stored, shrunk; `zoom` leads back to its own pixels. */
async function greyOf(
  file: string | Uint8Array,
): Promise<{ grey: Float32Array; width: number; height: number; zoom: number }> {
  try {
    const image = await photoImage(file, false);
    const meta = await image.metadata();
    const { data, info } = await image
      .resize(FEATURE_SIZE, FEATURE_SIZE, { fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3' })
      .flatten({ background: '#ffffff' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const grey = new Float32Array(info.width * info.height);
    for (let i = 0; i < grey.length; i += 1) grey[i] = data[i * info.channels]! / 255;
    return { grey, width: info.width, height: info.height, zoom: meta.width / info.width };
  } catch (cause) {
    throw undecodable(file, cause);
  }
}
