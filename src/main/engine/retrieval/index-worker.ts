/** One thread of an {@link IndexPool}: searches its own shards. */
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorShape } from '../../../shared/errors.ts';
import { IndexFolder } from './index-folder.ts';
import type { ShardsReply, ShardsRequest, ShardsSetup } from './index-pool.ts';

const { folder, own, of, threads } = workerData as ShardsSetup;
const port = parentPort!;
const { index } = IndexFolder.open(folder, (shard) => shard % of === own);

port.on('message', ({ queries, k }: ShardsRequest) => {
  try {
    if (queries === undefined) index.mapGraphs();
    const found = queries === undefined ? undefined : index.search(queries, k, undefined, threads);
    port.postMessage((found === undefined ? {} : { found }) satisfies ShardsReply);
  } catch (error) {
    port.postMessage({ error: toErrorShape(error) } satisfies ShardsReply);
  }
});
port.postMessage({} satisfies ShardsReply);
