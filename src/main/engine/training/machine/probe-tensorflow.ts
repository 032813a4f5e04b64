/** Computes with one back end of TensorFlow.js and prints the device that answered. A second word names the folder of another TensorFlow. */
import { loadTensorFlow, type TfBackend } from '../../network/tf/tf-runtime.ts';

try {
  const { tf, device } = await loadTensorFlow((process.argv[2] ?? 'tfjs-cpu') as TfBackend, process.argv[3]);
  const y = tf.add(tf.mul(tf.tensor1d([1, 2, 3, 4]), 2), 1);
  const values = Array.from((await y.data()) as Float32Array);
  if (values.join() !== '3,5,7,9') throw new Error(`the result is wrong: ${values.join(', ')}`);
  process.stdout.write(device);
  process.exit(0);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
