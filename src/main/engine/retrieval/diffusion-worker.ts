/** One thread of a {@link DiffusionPool}. */
import { parentPort, workerData } from 'node:worker_threads';
import { logger } from '../environment/log.ts';
import type { PoolReply, PoolRequest, PoolSetup } from './diffusion-pool.ts';
import { DiffusionSolver } from './diffusion.ts';

const { graph, eigenpairs, module } = workerData as PoolSetup;
const port = parentPort!;
const solver = await DiffusionSolver.create(graph, module);
if (eigenpairs !== undefined) solver.useEigenpairs(eigenpairs);

port.on('message', ({ method, queries, parameters }: PoolRequest) => {
  try {
    const scores = new Float64Array(queries.length * graph.nodes);
    solver.run(method, queries, parameters, (q, f) => scores.set(f, q * graph.nodes));
    port.postMessage({ scores } satisfies PoolReply, [scores.buffer]);
  } catch (error) {
    logger('diffusion').error(`${method}:`, error);
    port.postMessage({ error: String(error) } satisfies PoolReply);
  }
});
port.postMessage({});
