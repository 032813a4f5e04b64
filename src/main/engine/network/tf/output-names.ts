/** Operators by what TensorFlow calls their output: how the operators of a function name each other's results (its list of operators, 2.21). */
const BY_NAME: Readonly<Record<string, string>> = {
  y: `Abs Cast Ceil Cos Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p LogicalNot Neg OnesLike Reciprocal Round Rsqrt Sigmoid Sign Sin Sqrt
    Square Tan Tanh Transpose ZerosLike`,
  z: `Add AddV2 Atan2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mul NotEqual
    Pow RealDiv SigmoidGrad SqrtGrad SquaredDifference Sub TanhGrad`,
  sum: 'AddN',
  output: `All Any ArgMax ArgMin AvgPool AvgPoolGrad BatchMatMulV2 BiasAdd BiasAddGrad BroadcastTo ConcatV2 Conv2D Conv2DBackpropFilter
    Conv2DBackpropInput DepthToSpace DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Einsum
    ExpandDims Fill GatherNd GatherV2 Identity LRN LRNGrad Max MaxPool MaxPoolGrad Mean Min MirrorPad OneHot Pack Pad PadV2 Prod Range Reshape
    ReverseV2 Select SelectV2 Slice SpaceToDepth Split SplitV Squeeze StridedSlice Sum Tile Unpack UnsortedSegmentSum`,
  out: 'Cumsum',
  activations: 'Elu LeakyRelu Relu Relu6 Selu Softplus',
  backprops: 'EluGrad LeakyReluGrad Relu6Grad ReluGrad SeluGrad',
  product: 'MatMul',
  resized_images: 'ResizeBilinear ResizeNearestNeighbor',
  softmax: 'Softmax',
};

/** The name of an operator's output or list of outputs. What is not here has several, or none that a network asks for. */
export const OUTPUT_NAMES: Readonly<Partial<Record<string, string>>> = Object.fromEntries(
  Object.entries(BY_NAME).flatMap(([name, operators]) => operators.split(/\s+/).map((op) => [op, name])),
);
