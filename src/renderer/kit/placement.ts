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

export const WHOLE: PhotoView = { zoom: 1, x: 0.5, y: 0.5 };
const MAX_ZOOM = 32;

/** Enlarged by a factor about a fraction of the photo, which stays where it is on the screen. At zoom 1 the photo is whole. */
export function zoomed(view: PhotoView, by: number, [fx, fy]: readonly [number, number]): PhotoView {
  const zoom = Math.max(1, Math.min(MAX_ZOOM, view.zoom * by));
  if (zoom === 1) return WHOLE;
  const k = view.zoom / zoom;
  return { zoom, x: within(fx + (view.x - fx) * k), y: within(fy + (view.y - fy) * k) };
}

/** Moved by fractions of the photo; the middle of the frame stays on the photo. */
export function panned(view: PhotoView, dx: number, dy: number): PhotoView {
  return view.zoom === 1 ? view : { zoom: view.zoom, x: within(view.x + dx), y: within(view.y + dy) };
}

function within(v: number): number {
  return Math.max(0, Math.min(1, v));
}
