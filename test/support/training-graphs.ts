import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import {
  backwardGraph,
  forwardGraph,
  parametersOf,
  STANDARD,
  type Dialect,
  type Parameter,
} from '../../src/main/engine/training/training-graph.ts';

/** Both graphs of a network over copies of its parameters. */
export function trainingGraphs(
  network: Graph,
  dialect: Dialect = STANDARD,
): {
  forward: Graph;
  backward: Graph;
  parameters: readonly Parameter[];
  gradientOf: ReadonlyMap<string, string>;
} {
  const { graph, gradientOf } = backwardGraph(network, dialect);
  return { forward: forwardGraph(network, dialect), backward: graph, parameters: parametersOf(network), gradientOf };
}
