import { LIMITS } from '../../formats/budget.ts';
import { readRegular } from '../../formats/regular.ts';
import { normalise } from './normalise.ts';
import { ExternalData } from './external.ts';
import { parseOnnx } from './file.ts';
import type { Graph } from './graph.ts';
import { ModelProto } from './schema.ts';

/** @throws CovisError as `openRegular`, `INPUT_UNSUPPORTED` above 2 GiB, which ONNX itself does not allow. */
function networkBytes(file: string): Buffer {
  return readRegular(file, LIMITS.whole.network, 'network');
}

/** A network of a file, with the weights that lie beside it, normalised. @throws CovisError `INPUT_*` naming the file. */
export function readGraph(file: string): Graph {
  const external = new ExternalData(file);
  try {
    return normalise(parseOnnx(networkBytes(file), file, external), file);
  } finally {
    external.close();
  }
}

/** Names of the files beside a network that hold its weights; none for what is no network. @throws CovisError where one of them is missing. */
export function filesBeside(file: string): string[] {
  const bytes = networkBytes(file);
  let stored: boolean;
  try {
    const { graph } = ModelProto.decode(bytes) as unknown as {
      graph?: { initializer?: { data_location?: number }[] };
    };
    stored = (graph?.initializer ?? []).some((t) => t.data_location === 1);
  } catch {
    // Whoever reads it says so.
    return [];
  }
  if (!stored) return [];
  const external = new ExternalData(file);
  try {
    parseOnnx(bytes, file, external);
    return external.names;
  } finally {
    external.close();
  }
}
