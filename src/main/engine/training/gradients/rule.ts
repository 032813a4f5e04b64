import type { Graph, GraphBuilder, OnnxNode } from '../../network/onnx/graph.ts';
import type { Shapes } from '../../network/onnx/shapes.ts';

/** What a gradient rule has at hand: the builder to append to, shapes, and which inputs need a gradient. */
export interface GradientContext {
  readonly builder: GraphBuilder;
  readonly shapes: Shapes;
  readonly graph: Graph;
  readonly node: OnnxNode;
  /** Name of dL/dy for the node's first output. */
  readonly dy: string;
  /** The same for each output; undefined where nothing that counts comes of it. Only nodes whose rule asks for them have several. */
  readonly dys: readonly (string | undefined)[];
  /** True where input `i` leads to a parameter. */
  readonly needs: (i: number) => boolean;
  dims(value: string): readonly (number | string)[];
}

/** Rules by operator; of other domains than the standard's as `domain:operator`. */
export type GradientRules = ReadonlyMap<string, GradientRule>;

/** Returns the name of dL/d(input i) per input, undefined where there is none or none is needed. */
export type GradientRule = (context: GradientContext) => readonly (string | undefined)[];
