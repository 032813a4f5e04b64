import { offlineDiffusion, offlineScores, type OfflineDiffusion } from '../offline.ts';
import type { Prepare } from './method.ts';
import { onGraph } from './on-graph.ts';

export const offline: Prepare<'offline'> = (p, o) =>
  onGraph(p, o, async ({ s }) => {
    const { rows } = o.database.vectors;
    const compute = async (): Promise<OfflineDiffusion> => {
      const lists = await o.cache.neighbours(Math.min(p.truncation, rows), o.task);
      o.task?.step('Diffusing from every descriptor', rows, 'descriptors');
      return offlineDiffusion(s, lists, p, o.task);
    };
    const beforehand = o.cache.diffused(p.truncation) ?? (await compute());
    return {
      bytes: 8 * beforehand.ids.length,
      diffuse: ({ ys, give, task }) => {
        ys.forEach((y, i) => {
          task?.check();
          give(i, offlineScores(beforehand, y));
          task?.progress(i + 1);
        });
        return Promise.resolve();
      },
    };
  });
