/** Runs a small graph from standard input on one execution provider and prints the device that answered. */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const provider = process.argv[2] ?? 'cpu';
try {
  const supported = ort.listSupportedBackends().map((b) => b.name);
  if (!supported.includes(provider)) throw new Error(`this build of ONNX Runtime has ${supported.join(', ')}`);
  const session = await ort.InferenceSession.create(readFileSync(0), {
    executionProviders: [provider],
    logSeverityLevel: 3,
  });
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  const values = Array.from((await y!.getData()) as Float32Array);
  if (values.join() !== '3,5,7,9') throw new Error(`the result is wrong: ${values.join(', ')}`);
  process.stdout.write(provider === 'cpu' ? 'CPU' : provider);
  process.exit(0);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
