import type { FileKind } from '../../formats/recognise.ts';
import type { ReadOptions } from '../model-builder.ts';
import type { SparseModel } from '../model.ts';
import type { ImageSizes } from '../sizes.ts';

/** Photos that a model may name: names below their folder, and sizes. */
export interface PhotosAtHand {
  readonly names: readonly string[];
  readonly sizes: ImageSizes;
}

/**
 * A format of sparse models: what it finds, which files it reads, how it reads. To add one, write a file that exports such a value
 * and name it in the list.
 */
export interface ModelReader extends FileKind {
  /** What the path of a model is: a folder of files, or one file that `named` and `begins` tell. */
  readonly at: 'folder' | 'file';
  /** The name that the program always gives its file: the scene is then called after its folder. */
  readonly usual?: string;
  /** 3D points seen in images, poses alone, or verified matches without cameras. */
  readonly holds: 'points' | 'poses' | 'matches';
  /** The format does not say how large its images are, so that the photos have to. */
  readonly needsSizes: boolean;
  /** Paths of the models that lie in this folder itself, in order; none where there are none. */
  find(folder: string): string[];
  /**
   * Every file that reading this model opens, the ones it cannot do without also where they are missing. Their content is what the
   * model is known by: a model with another of them is another model.
   */
  files(path: string): string[];
  /**
   * Most formats hold one model, some several. @param warn told what the files lack.
   * @throws CovisError naming the file and where in it.
   */
  read(path: string, photos: PhotosAtHand, warn: (message: string) => void, options?: ReadOptions): SparseModel[];
}
