import { CovisError } from '../../../shared/errors.ts';
import { cloneGraph, GraphBuilder, type Graph, type OnnxNode } from '../network/onnx/graph.ts';
import { dimsOf } from '../network/onnx/shapes.ts';
import { knownShapes } from '../network/onnx/sizes.ts';
import { moves } from '../network/differentiable.ts';
import { GRADIENTS } from './gradients/index.ts';
import type { GradientRule, GradientRules } from './gradients/rule.ts';

/**
 * Reverse-mode differentiation of an ONNX graph into standard ONNX operators.
 *
 * Given the value `output` and the name of a graph input `seed` that holds dL/d(output), appends nodes that compute
 * dL/d(parameter) for every name in `parameters` and returns the extended graph with the names of those gradients.
 * Sizes that depend on the image stay dynamic, so one graph serves photos of all sizes.
 * @param rules of the operators; those of standard ONNX if not given.
 * @throws CovisError `INPUT_UNSUPPORTED` naming the operator and its node when no rule exists.
 */
export function differentiate(
  source: Graph,
  output: string,
  seed: string,
  parameters: readonly string[],
  rules: GradientRules = GRADIENTS,
): { graph: Graph; gradients: Map<string, string> } {
  const graph = cloneGraph(source);
  const builder = new GraphBuilder(graph, 'grad');
  const shapes = knownShapes(graph);
  const active = new Set(parameters);
  for (const node of graph.nodes) {
    if (!moves(node, active)) continue;
    for (const o of node.outputs) active.add(o);
  }
  const contributions = new Map<string, string[]>([[output, [seed]]]);
  const total = (value: string): string | undefined => {
    const parts = contributions.get(value);
    if (parts === undefined || parts.length === 0) return undefined;
    return parts.length === 1 ? parts[0] : builder.op('Sum', parts);
  };
  const forward = [...graph.nodes];
  // All first: behind an unknown operator shapes are unknown too, and the operator is what a person must be told.
  const leading = new Set([output]);
  for (const node of [...forward].reverse()) {
    if (!node.outputs.some((o) => leading.has(o))) continue;
    for (const i of node.inputs) leading.add(i);
    if (node.outputs.some((o) => active.has(o))) ruleOf(node, rules);
  }
  for (const node of forward.reverse()) {
    const dys = node.outputs.map((o) => (active.has(o) ? total(o) : undefined));
    const dy = dys.find((d) => d !== undefined);
    if (dy === undefined) continue;
    const rule = ruleOf(node, rules);
    if (dys[0] === undefined && !SEVERAL_OUTPUTS.has(node.op))
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `Another output of node ${node.name} (${node.op}) than its first is used, which cannot be differentiated`,
      );
    const grads = rule({
      builder,
      shapes,
      graph,
      node,
      dy,
      dys,
      needs: (i) => active.has(node.inputs[i] ?? ''),
      dims: (v) => dimsOf(shapes, v, node),
    });
    grads.forEach((g, i) => {
      const input = node.inputs[i];
      if (g === undefined || input === undefined || !active.has(input)) return;
      const list = contributions.get(input) ?? [];
      list.push(g);
      contributions.set(input, list);
    });
  }
  const gradients = new Map<string, string>();
  for (const p of parameters) {
    const g = total(p);
    if (g === undefined && leading.has(p))
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `The weight ${p} reaches the output by sizes, places and conditions alone, so that it has no gradient`,
      );
    if (g === undefined) throw new CovisError('INTERNAL', `No gradient reaches parameter ${p}`);
    gradients.set(p, g);
  }
  return { graph, gradients };
}

/** Operators whose every output carries a gradient. */
const SEVERAL_OUTPUTS: ReadonlySet<string> = new Set(['Split']);

/** @throws CovisError `INPUT_UNSUPPORTED` naming the operator and its node. */
function ruleOf(node: OnnxNode, rules: GradientRules): GradientRule {
  const rule = rules.get(node.domain === undefined ? node.op : `${node.domain}:${node.op}`);
  if (rule !== undefined) return rule;
  throw new CovisError('INPUT_UNSUPPORTED', `Operator ${node.op} of node ${node.name} cannot be differentiated`, {
    hint: `Cut the network before it, or use only these operators: ${[...GRADIENTS.keys()].sort().join(', ')}.`,
  });
}
