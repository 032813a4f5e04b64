import { imageHeader } from '../../library/photo-files.ts';

/** Width and height of a picture, in pixels. @throws Error for what is none, which whoever reads the drawing puts into words. */
export async function sizeOf(bytes: Uint8Array): Promise<{ readonly width: number; readonly height: number }> {
  try {
    return await imageHeader(bytes);
  } catch (cause) {
    throw new Error('this is no picture', { cause });
  }
}
