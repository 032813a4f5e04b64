/** A network as one ONNX file for other programs: normalised image in, L2-normalised descriptor out. */
import type { NetworkSpec } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { writeWhole } from '../formats/beside.ts';
import { fileTarget, type Placing } from '../formats/target.ts';
import { multiScale } from './multi-scale.ts';
import type { LoadedNetwork } from './networks.ts';
import { encodeOnnx } from './onnx/file.ts';
import type { Graph } from './onnx/graph.ts';
import { writeSpec } from './spec.ts';

/**
 * Writes a network, whole or not at all.
 * @param o `scales`: factors of the image's size at which it describes and combines, inside the graph (methods.md 1.7).
 * @throws CovisError `INPUT_INVALID` for scales where it has its own or takes one size alone, `STATE_CONFLICT` for a file that is there without `force`.
 */
export function writeNetwork(
  { graph, spec }: Pick<LoadedNetwork, 'graph' | 'spec'>,
  o: Placing & { readonly out: string; readonly scales?: readonly number[] | undefined },
): JobResult<'network-export'> {
  const file = fileTarget(o.out, o);
  const { scales } = o;
  if (scales !== undefined && (spec.whitening !== undefined || spec.scales !== undefined || spec.edges !== undefined))
    throw new CovisError('INPUT_INVALID', `${spec.name} has its scales already; whiten with --scales instead`);
  if (scales !== undefined && spec.input?.height !== undefined)
    throw new CovisError(
      'INPUT_INVALID',
      `${spec.name} takes photos of one size, and cannot describe at several scales`,
    );
  const written = scales === undefined ? graph : multiScale(graph, scales);
  const described: NetworkSpec = scales === undefined ? spec : { ...spec, scales: [...scales] };
  const bytes = writeGraph(written, described, file, o);
  const image = [...(written.inputs[0]?.dims ?? ['N', 3, 'H', 'W'])];
  return { ...described, file, bytes, scales: described.scales ?? [1], image };
}

/** @returns its bytes. */
function writeGraph(graph: Graph, spec: NetworkSpec, file: string, how: Placing): number {
  const described: Graph = { ...graph, metadata: new Map(graph.metadata) };
  writeSpec(described, spec);
  const bytes = encodeOnnx(described);
  writeWhole(file, bytes, how);
  return bytes.length;
}
