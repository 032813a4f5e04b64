/** ONNX Runtime, of which a process has one copy. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import { onnxRuntimePath } from '../environment/added.ts';

// CUDA would compute products in ten bits where nobody asked for that; it reads this as it starts.
process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';

export const ort = createRequire(import.meta.url)(onnxRuntimePath()) as typeof OnnxRuntime;
export type { OnnxRuntime };
