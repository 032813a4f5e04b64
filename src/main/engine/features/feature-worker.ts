/** A thread that detects local features. */
import { parentPort } from 'node:worker_threads';
import { sift, type SiftParameters } from './sift.ts';

export interface FeatureTask {
  readonly id: number;
  readonly grey: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly parameters: SiftParameters;
}

parentPort?.on('message', ({ id, grey, width, height, parameters }: FeatureTask) => {
  const { count, frames, descriptors } = sift(grey, width, height, parameters);
  parentPort?.postMessage({ id, count, frames, descriptors }, [
    frames.buffer as ArrayBuffer,
    descriptors.buffer as ArrayBuffer,
  ]);
});
