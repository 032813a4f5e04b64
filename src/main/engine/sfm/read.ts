import { CovisError } from '../../../shared/errors.ts';
import { readColmapBinary } from './colmap-binary.ts';
import { readColmapText } from './colmap-text.ts';
import type { ModelLocation } from './discover.ts';
import { matchModels, MIN_INLIERS } from './match-tracks.ts';
import type { SparseModel } from './model.ts';
import { readBundler } from './readers/bundler.ts';
import { readDatabaseMatches } from './readers/colmap-database.ts';
import { readNerfstudio } from './readers/nerfstudio.ts';
import { readNvm } from './readers/nvm.ts';
import { readOpenMvg } from './readers/openmvg.ts';
import { readOpenSfm } from './readers/opensfm.ts';
import type { ImageSizes } from './readers/sizes.ts';

/** Photos that a model may name: names below their folder, and sizes. */
export interface PhotosAtHand {
  readonly names: readonly string[];
  readonly sizes: ImageSizes;
}

export const NO_PHOTOS: PhotosAtHand = { names: [], sizes: () => undefined };

/** Formats that do not say how large their images are. */
export function needsSizes(location: ModelLocation): boolean {
  return location.format === 'bundler' || location.format === 'nvm' || location.format === 'nerfstudio';
}

/**
 * Reads the models at a location, whatever wrote them; most formats hold one, some several.
 * @param warn told what the format lacks.
 * @throws CovisError naming the file and where in it.
 */
export function readModels(
  location: ModelLocation,
  photos: PhotosAtHand = NO_PHOTOS,
  warn: (message: string) => void = () => undefined,
): SparseModel[] {
  const { path } = location;
  switch (location.format) {
    case 'bin':
      return [readColmapBinary(path)];
    case 'txt':
      return [readColmapText(path)];
    case 'bundler':
      return [readBundler(path, photos.sizes, photos.names)];
    case 'nvm':
      return readNvm(path, photos.sizes);
    case 'openmvg':
      return [readOpenMvg(path)];
    case 'opensfm': {
      const { models, tracks } = readOpenSfm(path);
      if (!tracks)
        warn(
          `${path} has no tracks.csv beside it, so that its photos share no points and nothing can be mined from it`,
        );
      return models;
    }
    case 'nerfstudio':
      warn(`${path} has poses and no tracks, so that its photos share no points and nothing can be mined from it`);
      return [readNerfstudio(path, photos.sizes)];
    case 'database': {
      const { images, pairs } = readDatabaseMatches(path, MIN_INLIERS);
      if (pairs.length === 0)
        throw new CovisError('INPUT_INVALID', `No two images of this database have ${MIN_INLIERS} verified matches`, {
          file: path,
          hint: 'Run a matcher of COLMAP first, for example colmap exhaustive_matcher.',
        });
      return matchModels(images, pairs, path);
    }
  }
}
