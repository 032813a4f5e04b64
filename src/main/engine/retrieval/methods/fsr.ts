import { ByteIndex } from '../byte-index.ts';
import { ExactIndex } from '../neighbours.ts';
import { spectralEmbedding, spectralQuery } from '../spectral.ts';
import type { Prepare } from './method.ts';
import { onGraph } from './on-graph.ts';

/** Spectral ranking leaves out all eigenvectors but the first, which costs far more than this. */
const SPECTRAL_RESIDUAL = 1e-3;

/** Rows below which a query alone is answered at once anyway. */
const FEW = 4096;

/** Spectral ranking is search by inner product among the rows of the embedding, which are images where there are regions. */
export const fsr: Prepare<'fsr'> = (p, o) =>
  onGraph(p, o, async ({ pooling }) => {
    const eigen = await o.cache.eigenpairs(p.k, p.gamma, p.rank, SPECTRAL_RESIDUAL, o.task);
    const embedding = spectralEmbedding(eigen, p.alpha, pooling);
    const spectral = new ExactIndex(embedding);
    // One query alone waits for memory, of which bytes are a quarter.
    const alone = embedding.rows < FEW ? undefined : new ByteIndex(embedding);
    return {
      bytes: embedding.data.byteLength + (alone?.bytes ?? 0),
      eigenResidual: eigen.residual,
      diffuse: async ({ ys, inside, out, task }) => {
        const z = new Float32Array(ys.length * eigen.rank);
        ys.forEach((y, i) => z.set(spectralQuery(eigen, y), i * eigen.rank));
        const one = ys.length === 1 && out.k < embedding.rows / 20 ? alone : undefined;
        const found =
          one?.search(z, out.k) ??
          (await spectral.search({ data: z, rows: ys.length, dim: embedding.dim }, out.k, task));
        inside.forEach((q, i) => {
          out.ids.set(found.ids.subarray(i * found.k, (i + 1) * found.k), q * out.k);
          out.scores.set(found.scores.subarray(i * found.k, (i + 1) * found.k), q * out.k);
        });
      },
      close: () => spectral.release(),
    };
  });
