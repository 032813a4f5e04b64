/** How each method of `shared/methods` is prepared and ranks. */
import type { Method } from '../../../../shared/methods/index.ts';
import { ann } from './ann.ts';
import { cosine } from './cosine.ts';
import { alphaDba, dba } from './database-augmentation.ts';
import { fsr } from './fsr.ts';
import { hybrid } from './hybrid.ts';
import type { Prepare } from './method.ts';
import { offline } from './offline.ts';
import { alphaQe, aqe } from './query-expansion.ts';
import { cg, iterative, jacobi } from './solvers.ts';
import { superglobal } from './superglobal.ts';
import { truncated } from './truncated.ts';

export const PREPARE = {
  cosine,
  ann,
  aqe,
  'alpha-qe': alphaQe,
  dba,
  'alpha-dba': alphaDba,
  superglobal,
  cg,
  iterative,
  jacobi,
  truncated,
  fsr,
  hybrid,
  offline,
} satisfies { readonly [M in Method]: Prepare<M> };
