import {
  floatTensor,
  int,
  int64Tensor,
  intOf,
  intsOf,
  string,
  stringOf,
  type Attribute,
  type OnnxNode,
  type Tensor,
} from './graph.ts';

/** Probabilities were over all that is behind an axis before operator set 13, and are over the axis alone since. */
const FLATTENING = new Set(['Softmax', 'LogSoftmax', 'Hardmax']);

function without(node: OnnxNode, ...keys: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(node.attributes).filter(([k]) => !keys.includes(k)));
}

/**
 * A node of an operator set before 13 in the forms of set 13, where attributes became inputs or the meaning changed; itself otherwise.
 * @param constant keeps a tensor and names it.
 */
export function older(node: OnnxNode, opset: number, constant: (t: Tensor) => string): OnnxNode[] {
  const vector = (values: readonly number[]): string => constant(int64Tensor([values.length], values));
  const x = node.inputs[0] ?? '';
  const out = node.outputs[0] ?? '';
  switch (node.op) {
    case 'Slice': {
      const [starts, ends] = [intsOf(node, 'starts'), intsOf(node, 'ends')];
      if (starts === undefined || ends === undefined) return [node];
      const axes = intsOf(node, 'axes') ?? starts.map((_, i) => i);
      return [{ ...node, inputs: [x, vector(starts), vector(ends), vector(axes)], attributes: {} }];
    }
    case 'Split': {
      const sizes = intsOf(node, 'split');
      if (sizes === undefined) return [node];
      return [{ ...node, inputs: [x, vector(sizes)], attributes: without(node, 'split') }];
    }
    case 'TopK': {
      if (node.attributes['k'] === undefined) return [node];
      return [{ ...node, inputs: [x, vector([intOf(node, 'k', 1)])], attributes: without(node, 'k') }];
    }
    case 'Scatter':
      return [{ ...node, op: 'ScatterElements' }];
    case 'Upsample':
    case 'Resize': {
      if (node.op === 'Resize' && opset >= 11) return [node];
      const given = node.attributes['scales'];
      const scales =
        given?.kind === 'floats' ? constant(floatTensor([given.value.length], given.value)) : (node.inputs[1] ?? '');
      return [
        {
          ...node,
          op: 'Resize',
          inputs: [x, '', scales],
          attributes: {
            mode: string(stringOf(node, 'mode', 'nearest')),
            coordinate_transformation_mode: string('asymmetric'),
            nearest_mode: string('floor'),
          },
        },
      ];
    }
    case 'BatchNormalization':
      return [{ ...node, attributes: without(node, 'spatial', 'consumed_inputs') }];
    default: {
      if (!FLATTENING.has(node.op) || opset >= 13) return [node];
      const named = (
        what: string,
        op: string,
        inputs: string[],
        attributes: OnnxNode['attributes'] = {},
      ): OnnxNode => ({
        op,
        name: `${node.name}/${what}`,
        inputs,
        outputs: [`${out}/${what}`],
        attributes,
      });
      return [
        named('flat', 'Flatten', [x], { axis: int(intOf(node, 'axis', 1)) }),
        named('share', node.op, [`${out}/flat`], { axis: int(-1) }),
        named('shape', 'Shape', [x]),
        { ...node, op: 'Reshape', inputs: [`${out}/share`, `${out}/shape`], attributes: {} },
      ];
    }
  }
}
