/** `covis cluster`: from a folder of photos to clusters. */
import type { ClusteringReport } from '../../../shared/domain.ts';
import { duration, print } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { runJob } from '../run-job.ts';

/** Adds the command. */
export function addCluster(): void {
  const options = number(
    number(
      number(
        number(
          command('cluster', 'find the places in a folder of photos and build a 3D model of each, without annotation')
            .argument('<photos>', 'a folder of photos; run again with another to let the library grow')
            .requiredOption('--library <library>', 'where the library is or will be')
            .option('--matches-only', 'stop at verified matches, without COLMAP'),
          '--neighbours',
          'photos that are matched with each, by visual words (20)',
        ),
        '--min-inliers',
        'confirmed matches that make a pair (15)',
      ),
      '--words',
      'visual words of the vocabulary (one for every sixteenth feature)',
    ),
    '--seed',
    'of the vocabulary (0)',
  );
  action(options, async (o: Options, photos: string) => {
    await withLibrary(o['library'] as string, true, async (library) => {
      const r = await runJob<ClusteringReport>(library, 'cluster', {
        clustering: {
          photos,
          neighbours: o['neighbours'] as number | undefined,
          minInliers: o['minInliers'] as number | undefined,
          words: o['words'] as number | undefined,
          seed: o['seed'] as number | undefined,
          reconstruct: o['matchesOnly'] !== true,
        },
      });
      print(o.json === true, r, () => [
        `${r.photos} photos, ${r.pairs} pairs looked at, ${r.verified} verified, ${r.scenes} scenes`,
        ...r.clusters.map((c) => `${c.id}  ${c.name}: ${c.photos.length} photos, ${c.points} points`),
        `${r.unclustered.length} photos are in no cluster`,
        ...r.steps.map((s) => `  ${s.name}: ${duration(s.seconds)}`),
      ]);
    });
  });
}
