import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, PYTHON, SHARED } from '../../support/programs.ts';

/** Five photos, from features to models, by COLMAP 4 itself: its database with rigs and frames, its incremental and its global mapper. */
const MAKE = `
import os, sys, pycolmap
photos, out = sys.argv[1:3]
os.chdir(out)
os.makedirs('images')
for name in sorted(os.listdir(photos))[2:7]:
    os.symlink(os.path.join(photos, name), os.path.join('images', name))
reading = pycolmap.FeatureExtractionOptions(use_gpu=False, num_threads=1, max_image_size=640)
pycolmap.extract_features('database.db', 'images', extraction_options=reading)
pycolmap.match_exhaustive('database.db', matching_options=pycolmap.FeatureMatchingOptions(use_gpu=False, num_threads=1))
for mapper, folder in ((pycolmap.incremental_mapping, 'sparse'), (pycolmap.global_mapping, 'global')):
    os.makedirs(folder)
    mapper('database.db', 'images', folder)
for folder in ('sparse/0', 'global/0'):
    r = pycolmap.Reconstruction(folder)
    print(r.num_reg_images(), r.num_points3D(), r.compute_num_observations())
`;

describeWith(['python readers', 'shared data'], 'what COLMAP 4 makes', () => {
  const folder = temporaryFolder();
  let told: number[][] = [];
  beforeAll(() => {
    const photos = join(SHARED, 'scenes', 'fountain_p11', 'images');
    const out = execFileSync(PYTHON, ['-c', MAKE, photos, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    told = out
      .trim()
      .split('\n')
      .slice(-2)
      .map((line) => line.split(' ').map(Number));
  }, 240_000);

  it('models of both mappers are read as COLMAP reads them, with every photo', async () => {
    const library = Library.create(join(folder, 'models'));
    const report = await importSources(library, { sources: [folder] }, silentContext());
    const models = report.scenes!.flatMap((s) => s.models);
    expect(models.map((m) => [m.path, m.bound])).toEqual([
      [join(folder, 'global', '0'), 5],
      [join(folder, 'sparse', '0'), 5],
    ]);
    const [sparse, global] = told as [number[], number[]];
    expect([models[0]!.images, models[0]!.points]).toEqual(global.slice(0, 2));
    expect([models[1]!.images, models[1]!.points]).toEqual(sparse.slice(0, 2));
    expect(report.observations).toBe(sparse[2]! + global[2]!);
    library.close();
  });

  it('its database gives verified matches', async () => {
    const library = Library.create(join(folder, 'matches'));
    const report = await importSources(
      library,
      { sources: [join(folder, 'database.db')], images: join(folder, 'images') },
      silentContext(),
    );
    expect([report.photos, report.bound, report.missing, report.clusters]).toEqual([5, 5, [], 1]);
    expect(report.pairs).toBe(10);
    expect(report.observations).toBeGreaterThan(1000);
    library.close();
  });
});
