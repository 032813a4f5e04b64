import type { PhotoFile } from '../library/photos.ts';

/** Width and height in pixels. */
export type Size = readonly [number, number];

/** How a photo lies against the camera of its model. */
export type Shape = 'same' | 'resized' | 'turned' | 'other';

/** A photo's pixels as they are stored, before EXIF turns them: the frame of a model's observations. */
export function storedSize(photo: Pick<PhotoFile, 'width' | 'height' | 'orientation'>): Size {
  return photo.orientation >= 5 ? [photo.height, photo.width] : [photo.width, photo.height];
}

/** Whether one size is the other times a factor, but for a side that was rounded to whole pixels. */
function sameAspect([w, h]: Size, [W, H]: Size): boolean {
  // The rounding was done in the smaller of the two.
  const [small, large] = w * h <= W * H ? [[w, h] as const, [W, H] as const] : [[W, H] as const, [w, h] as const];
  const byWidth = Math.abs((large[1] * small[0]) / large[0] - small[1]);
  const byHeight = Math.abs((large[0] * small[1]) / large[1] - small[0]);
  return Math.min(byWidth, byHeight) <= 1;
}

/**
 * Compares a photo with the camera that a model has of it: `same` size, `resized` (another size, the aspect agrees within a pixel),
 * `turned` (it agrees once width and height are exchanged), `other`.
 */
export function shapeOf(camera: Size, photo: Pick<PhotoFile, 'width' | 'height' | 'orientation'>): Shape {
  const stored = storedSize(photo);
  if (stored[0] === camera[0] && stored[1] === camera[1]) return 'same';
  const turned: Size = [stored[1], stored[0]];
  if (turned[0] === camera[0] && turned[1] === camera[1]) return 'turned';
  if (sameAspect(camera, stored)) return 'resized';
  return sameAspect(camera, turned) ? 'turned' : 'other';
}

/** A photo that has another shape or size than its camera. */
export interface Misshapen {
  readonly name: string;
  readonly shape: Exclude<Shape, 'same'>;
  readonly camera: Size;
  readonly photo: Size;
  readonly byExif: boolean;
}

const NAMED = 3;
const by = ([w, h]: Size): string => `${w} x ${h}`;

/** One sentence for each kind of misshapen photos, with the first few. */
export function shapesSaid(model: string, found: readonly Misshapen[]): string[] {
  const said = (shape: Misshapen['shape'], one: string, many: string, then: string): string[] => {
    const own = found.filter((f) => f.shape === shape);
    if (own.length === 0) return [];
    const first = own.slice(0, NAMED).map((f) => {
      const exif = f.byExif ? ', turned by EXIF' : '';
      return `${f.name} (${by(f.photo)}${exif}; camera ${by(f.camera)})`;
    });
    const list = `${first.join(', ')}${own.length > NAMED ? ', …' : ''}`;
    return [`${model}: ${own.length} ${own.length === 1 ? one : many}${then}: ${list}`];
  };
  return [
    ...said(
      'other',
      'photo has another shape than its camera',
      'photos have another shape than their camera',
      ', so that points of the model fall in wrong places of them',
    ),
    ...said(
      'turned',
      'photo lies turned against its camera',
      'photos lie turned against their camera',
      ', so that points of the model fall in wrong places of them',
    ),
    ...said('resized', 'photo is resized', 'photos are resized', ' against the camera of the model, in the same shape'),
  ];
}
