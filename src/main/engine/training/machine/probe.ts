/** Runs a small graph from standard input on one execution provider; ends with an error where the result is wrong. A second word names the folder of another ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import { onnxRuntimePath } from '../../environment/added.ts';

const [, , provider = 'cpu', place] = process.argv;
process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
try {
  const ort = createRequire(import.meta.url)(onnxRuntimePath(place)) as typeof OnnxRuntime;
  const supported = ort.listSupportedBackends().map((b) => b.name);
  if (!supported.includes(provider)) throw new Error(`this build of ONNX Runtime has ${supported.join(', ')}`);
  const session = await ort.InferenceSession.create(readFileSync(0), {
    executionProviders: [provider],
    logSeverityLevel: 3,
  });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  const values = Array.from((await y!.getData()) as Float32Array);
  if (values.join() !== '3,5,7,9') throw new Error(`the result is wrong: ${values.join(', ')}`);
  process.exit(0);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
