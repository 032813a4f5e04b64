export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What part of a photo is looked at: its fraction at the middle of the frame, and how much it is enlarged. */
export interface PhotoView {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

/** Where a photo lies so that it fits the frame at zoom 1 and the looked-at fraction is in the middle. Pixels of the page. */
export function placed(frame: Rect, photo: { readonly width: number; readonly height: number }, view: PhotoView): Rect {
  const scale = Math.min(frame.width / (photo.width || 1), frame.height / (photo.height || 1)) * view.zoom;
  const [width, height] = [photo.width * scale, photo.height * scale];
  return {
    x: frame.x + frame.width / 2 - view.x * width,
    y: frame.y + frame.height / 2 - view.y * height,
    width,
    height,
  };
}

/** The fraction of a placed photo at a pixel. */
export function fractionAt(r: Rect, x: number, y: number): readonly [number, number] {
  return [(x - r.x) / (r.width || 1), (y - r.y) / (r.height || 1)];
}
