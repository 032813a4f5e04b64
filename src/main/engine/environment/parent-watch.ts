/** The thread that ends its process when the parent is gone. */
import { workerData } from 'node:worker_threads';
import { isOrphan } from './parent.ts';

const { parent, look, grace } = workerData as { parent: number; look: number; grace: number };
let orphanedAt = 0;
setInterval(() => {
  if (!isOrphan(parent)) return;
  if (orphanedAt === 0) orphanedAt = performance.now();
  if (performance.now() - orphanedAt > grace) process.kill(process.pid, 'SIGKILL');
}, look);
