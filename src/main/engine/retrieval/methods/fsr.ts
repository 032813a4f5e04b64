import { ExactIndex } from '../neighbours.ts';
import { spectralEmbedding, spectralQuery } from '../spectral.ts';
import type { Prepare } from './method.ts';
import { onGraph } from './on-graph.ts';

/** Spectral ranking leaves out all eigenvectors but the first, which costs far more than this. */
const SPECTRAL_RESIDUAL = 1e-3;

/** Spectral ranking is search by inner product among the rows of the embedding, which are images where there are regions. */
export const fsr: Prepare<'fsr'> = (p, o) =>
  onGraph(p, o, async ({ pooling }) => {
    const eigen = await o.cache.eigenpairs(p.k, p.gamma, p.rank, SPECTRAL_RESIDUAL, o.task);
    const embedding = spectralEmbedding(eigen, p.alpha, pooling);
    const spectral = new ExactIndex(embedding);
    return {
      bytes: embedding.data.byteLength,
      eigenResidual: eigen.residual,
      diffuse: async ({ ys, inside, out, task }) => {
        const z = new Float32Array(ys.length * eigen.rank);
        ys.forEach((y, i) => z.set(spectralQuery(eigen, y), i * eigen.rank));
        const found = await spectral.search({ data: z, rows: ys.length, dim: embedding.dim }, out.k, task);
        inside.forEach((q, i) => {
          out.ids.set(found.ids.subarray(i * found.k, (i + 1) * found.k), q * out.k);
          out.scores.set(found.scores.subarray(i * found.k, (i + 1) * found.k), q * out.k);
        });
      },
      close: () => spectral.release(),
    };
  });
