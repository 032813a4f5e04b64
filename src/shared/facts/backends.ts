/** What computes: the names that `--backend` takes, and what can be installed for some of them. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** `tfjs-cpu` is TensorFlow.js in plain JavaScript: very slow, there to check the others. */
export const BACKENDS = [
  'auto',
  'cpu',
  'webgpu',
  'cuda',
  'directml',
  'coreml',
  'tensorflow',
  'tfjs-webgpu',
  'tfjs-cpu',
] as const;
export type Backend = (typeof BACKENDS)[number];
export type ConcreteBackend = Exclude<Backend, 'auto'>;

/** What forms and reports call them. */
export const BACKEND_NAMES: Readonly<Record<Backend, string>> = {
  auto: 'The fastest that is right',
  cpu: 'Processor (ONNX Runtime)',
  webgpu: 'WebGPU (ONNX Runtime)',
  cuda: 'CUDA (ONNX Runtime)',
  directml: 'DirectML (ONNX Runtime)',
  coreml: 'Core ML (ONNX Runtime)',
  tensorflow: 'TensorFlow',
  'tfjs-webgpu': 'TensorFlow.js on WebGPU',
  'tfjs-cpu': 'TensorFlow.js in JavaScript',
};

/** What convolutions and maps are computed in; weights, descriptors and all sums are in single precision either way. */
export const PRECISIONS = ['single', 'half'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What forms and reports call them. */
export const PRECISION_NAMES: Readonly<Record<Precision, string>> = {
  single: 'Single (float32)',
  half: 'Half (float16) where WebGPU has it',
};

/** Back ends that do not come with Covis and are installed when a person says so. */
export const ADDABLE = ['cuda', 'tensorflow'] as const;
export type Addable = (typeof ADDABLE)[number];

/** A back end on this machine: what answered when a small graph was run, and what it runs on. */
export const backend = z.object({
  backend: z.enum(BACKENDS).exclude(['auto']),
  name: z.string(),
  /** What answered when a small graph was run, or null. */
  device: z.string().nullable(),
  /** Why it is not there, in the words of who refused, uncut. */
  detail: z.string(),
  /** What it may take, of the card or of the machine; null where that is not told. */
  memoryBytes: count.nullable(),
  driver: z.string().nullable(),
  precision: z.string().nullable(),
  /** How it is got where it is not there. */
  hint: z.string().nullable(),
  /** What was added for it, as `@tensorflow/tfjs-node 4.22.0`; null for what comes with Covis or is not there. */
  added: z.string().nullable(),
});
export type BackendReport = Facts<typeof backend>;

/** What computed, in words; left out where nothing had to be computed. */
export const device = z.string().optional();
