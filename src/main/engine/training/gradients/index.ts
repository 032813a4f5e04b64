import type { Differentiable } from '../../network/differentiable.ts';
import type { GradientRule } from './rule.ts';
import { averagePool, conv, globalAveragePool, globalMaxPool, lrn, maxPool, maxPoolByTaps, pad } from './spatial.ts';
import * as e from './elementwise.ts';
import {
  concat,
  depthToSpace,
  gemm,
  matMul,
  reduceMax,
  reduceMean,
  reduceSum,
  reshapeBack,
  slice,
  transpose,
} from './tensor.ts';

const RULES: Readonly<Record<Differentiable, GradientRule>> = {
  Add: e.add,
  AveragePool: averagePool,
  Clip: e.clip,
  Concat: concat,
  Conv: conv,
  DepthToSpace: depthToSpace,
  Div: e.div,
  Exp: e.exp,
  Flatten: reshapeBack,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  HardSigmoid: e.hardSigmoid,
  HardSwish: e.hardSwish,
  Identity: e.identity,
  LeakyRelu: e.leakyRelu,
  LRN: lrn,
  Log: e.log,
  MatMul: matMul,
  MaxPool: maxPool,
  Mul: e.mul,
  Neg: e.neg,
  Pad: pad,
  Pow: e.pow,
  ReduceMax: reduceMax,
  ReduceMean: reduceMean,
  ReduceSum: reduceSum,
  Relu: e.relu,
  Reshape: reshapeBack,
  Sigmoid: e.sigmoid,
  Slice: slice,
  Sqrt: e.sqrt,
  Squeeze: reshapeBack,
  Sub: e.sub,
  Sum: e.sum,
  Tanh: e.tanh,
  Transpose: transpose,
  Unsqueeze: reshapeBack,
};

/** Every operator that can be differentiated, by its ONNX name. */
export const GRADIENTS: ReadonlyMap<string, GradientRule> = new Map(Object.entries(RULES));

/** Rules that use no operator that ONNX Runtime's WebGPU provider lacks. */
export const WEBGPU_GRADIENTS: ReadonlyMap<string, GradientRule> = new Map([...GRADIENTS, ['MaxPool', maxPoolByTaps]]);
