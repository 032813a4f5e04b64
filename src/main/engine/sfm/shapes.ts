import type { PhotoFile } from '../library/photos.ts';
import type { SparseModel } from './model.ts';

const TOLERANCE = 0.01;
const NAMED = 5;

/** True where two sizes have one aspect, but for pixels lost in rounding. */
function alike(w: number, h: number, cameraWidth: number, cameraHeight: number): boolean {
  const rounding = 1 / Math.min(w, h) + 1 / Math.min(cameraWidth, cameraHeight);
  return Math.abs(Math.log((w * cameraHeight) / (h * cameraWidth))) <= TOLERANCE + rounding;
}

/**
 * Photos whose sensor frame has another aspect than the camera of their view: turned, cropped, or another photo of that name. What their
 * model says of places in the photo does not fit then.
 * @param photoOf the photo that a view's name means. @returns a sentence for the model, or none.
 */
export function shapesThatDisagree(
  model: Pick<SparseModel, 'views' | 'cameras' | 'matchesOnly'>,
  photoOf: (name: string) => PhotoFile | undefined,
): string | undefined {
  if (model.matchesOnly === true) return undefined;
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const said: string[] = [];
  let count = 0;
  for (const view of model.views) {
    const photo = photoOf(view.name);
    const camera = cameras.get(view.cameraId);
    if (photo === undefined || camera === undefined) continue;
    const lies = photo.orientation >= 5;
    const [w, h] = lies ? [photo.height, photo.width] : [photo.width, photo.height];
    if (alike(w, h, camera.width, camera.height)) continue;
    count += 1;
    const turned = alike(h, w, camera.width, camera.height) ? ' (turned)' : '';
    if (said.length < NAMED)
      said.push(`${photo.name} is ${w} x ${h}, its camera ${camera.width} x ${camera.height}${turned}`);
  }
  if (count === 0) return undefined;
  const more = count > said.length ? '; …' : '';
  return `${count} ${count === 1 ? 'photo has' : 'photos have'} another shape than the model's camera, so that points do not lie where they are seen: ${said.join('; ')}${more}`;
}
