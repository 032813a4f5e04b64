import { photoUrl } from '../kit/photo-url.ts';
import type { Point } from '../kit/polygon.ts';
import { token } from '../stores/theme.ts';
import { DotLayer, rgbOf } from './dot-layer.ts';

/** What the map shows: positions from 0 to 1, the photo and the colour of each point. */
export interface MapPoints {
  readonly photos: { readonly length: number; at(i: number): string | undefined };
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly colours: DotColours;
}

/** What is a dot and what a thumbnail, and how many of the dots are drawn. */
interface LaidOut {
  readonly dots: readonly number[];
  readonly thumbs: readonly number[];
  layer: DotLayer | undefined;
  colours: (readonly [number, number, number])[] | undefined;
  done: number;
}

/** Colours of dots: which of a palette each has. */
export interface DotColours {
  readonly palette: readonly string[];
  readonly of: (i: number) => number;
}

const THUMB = 58;
const GAP = 6;
const IMAGES_KEPT = 700;
const LOADING_AT_ONCE = 24;
const DOT = 3.5;
/** Above so many dots they are smaller, and set as pixels: a canvas takes microseconds for each circle. */
const MANY = 3000;
const SMALL_DOT = 2;
const PLAIN = 0.9;
/** Of a frame, for dots; and how many are drawn before the clock is looked at. */
const SLICE_MS = 12;
/** The same before anything was there that could be moved. */
const FIRST_SLICE_MS = 50;
const AT_ONCE = 500;
/** Of what is not chosen beside what is. */
const FAINT = 0.25;
const MARGIN = 48;
/** Room that the legend takes at the bottom. */
const LEGEND = 48;

/**
 * A map of photos on a canvas, outside Vue: thumbnails where there is room, dots where there is none. Dragging moves or draws a lasso, the
 * wheel zooms about the pointer. Draws only on change.
 */
export class MapScene {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #images = new Map<string, HTMLImageElement>();
  readonly #observer: ResizeObserver;
  #points: MapPoints = { photos: [], x: [], y: [], colours: { palette: [], of: () => 0 } };
  /** What is a dot and what a thumbnail, and the pixels of many dots: worked out anew where the view changes, not where photos come. */
  #laid: LaidOut | undefined;
  /** The dots that were drawn last, and the view that they were drawn for. */
  #before:
    { readonly layer: DotLayer; readonly left: number; readonly top: number; readonly scale: number } | undefined;
  #inside: ReadonlySet<number> = new Set();
  #current = -1;
  #hover = -1;
  /** Thumbnails whose photo has come since all was drawn last: nothing else is drawn anew for them. */
  readonly #arrived = new Set<number>();
  /** Something else is to be drawn, too. */
  #stale = true;
  #scale = 1;
  /** The map fills the window: neither axis has a unit. */
  #stretch = 1;
  #left = 0;
  #top = 0;
  #lasso: [number, number][] = [];
  #drag: { x: number; y: number; moved: boolean } | undefined;
  #loading = 0;
  #frame = 0;
  #disposed = false;
  /** It has had room: before that nothing is laid out. */
  #roomy = false;
  /** A person has moved or zoomed it since everything was shown: it stays where it is put. */
  #moved = false;
  /** Dragging draws a lasso; otherwise it moves the map. */
  lassoing = true;
  onPick: (index: number, also: boolean) => void = () => undefined;
  /** A closed line in units of the map, and the size of a pixel in these; `also`: in addition to what is chosen. */
  onLasso: (line: readonly Point[], pixel: Point, also: boolean) => void = () => undefined;
  onHover: (index: number) => void = () => undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d')!;
    this.#resize();
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(canvas);
    canvas.addEventListener('wheel', this.#onWheel, { passive: false });
    canvas.addEventListener('pointerdown', this.#onDown);
    canvas.addEventListener('pointermove', this.#onMove);
    canvas.addEventListener('pointerup', this.#onUp);
    canvas.addEventListener('pointercancel', this.#onUp);
    canvas.addEventListener('pointerleave', this.#onLeave);
  }

  show(points: MapPoints): void {
    const same = points.photos === this.#points.photos;
    if (!same) this.#before = undefined;
    this.#points = points;
    if (!same) this.frame();
    this.draw();
  }

  select(inside: ReadonlySet<number>, current: number): void {
    this.#inside = inside;
    this.#current = current;
    this.draw();
  }

  /** Shows everything. */
  frame(): void {
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    this.#scale = Math.max(50, h - 2 * MARGIN - LEGEND);
    this.#stretch = Math.max(1, (w - 2 * MARGIN) / this.#scale);
    this.#left = (w - this.#scale * this.#stretch) / 2;
    this.#top = MARGIN;
    this.#moved = false;
    this.draw();
  }

  /** Draws what has changed. */
  draw(): void {
    this.#laid = undefined;
    this.#again();
  }

  /** Draws the same, with its lasso as it is now and more of its dots. */
  #again(): void {
    this.#stale = true;
    this.#next();
  }

  #next(): void {
    cancelAnimationFrame(this.#frame);
    if (this.#disposed || !this.#roomy) return;
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  /** Draws no more, listens to nothing, and ends the photos that are being loaded. */
  dispose(): void {
    this.#disposed = true;
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    const canvas = this.#canvas;
    canvas.removeEventListener('wheel', this.#onWheel);
    canvas.removeEventListener('pointerdown', this.#onDown);
    canvas.removeEventListener('pointermove', this.#onMove);
    canvas.removeEventListener('pointerup', this.#onUp);
    canvas.removeEventListener('pointercancel', this.#onUp);
    canvas.removeEventListener('pointerleave', this.#onLeave);
    for (const image of this.#images.values()) {
      image.onload = null;
      image.onerror = null;
      if (!image.complete) image.src = '';
    }
    this.#images.clear();
  }

  /** Gives the canvas the pixels of its room; where it has them already there is nothing to draw anew. */
  #resize(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width!;
    this.#canvas.height = height!;
    if (this.#roomy && this.#moved) return this.draw();
    this.#roomy ||= clientWidth > 0 && clientHeight > 0;
    this.frame();
  }

  #place(i: number): [number, number] {
    return [
      this.#left + this.#points.x[i]! * this.#scale * this.#stretch,
      this.#top + this.#points.y[i]! * this.#scale,
    ];
  }

  #paint(): void {
    if (this.#stale || this.#laid === undefined) this.#paintAll();
    else this.#paintArrived(this.#laid);
  }

  #paintAll(): void {
    this.#stale = false;
    this.#arrived.clear();
    const c = this.#context;
    const ratio = devicePixelRatio;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w, h);
    this.#laid ??= this.#layOut(w, h);
    const { dots, thumbs } = this.#laid;
    const chosen = this.#inside.size > 0;
    if (dots.length > MANY) this.#drawDots(this.#laid, w, h);
    else {
      const { palette, of } = this.#points.colours;
      for (const i of dots) {
        const [x, y] = this.#place(i);
        c.globalAlpha = chosen && !this.#inside.has(i) ? FAINT : PLAIN;
        c.fillStyle = palette[of(i)] ?? '';
        c.beginPath();
        c.arc(x, y, DOT, 0, 2 * Math.PI);
        c.fill();
      }
    }
    for (const i of thumbs) this.#thumb(i, chosen && !this.#inside.has(i));
    c.globalAlpha = 1;
    // Who waits for the map, as tests do, sees when all of it is there.
    if (this.#points.photos.length > 0 && (dots.length <= MANY || this.#laid.done === dots.length))
      this.#canvas.dataset['drawn'] = '';
    if (this.#lasso.length > 1) {
      c.beginPath();
      this.#lasso.forEach(([x, y], k) => (k === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
      c.closePath();
      c.strokeStyle = token('accent');
      c.lineWidth = 1.5;
      c.setLineDash([5, 4]);
      c.stroke();
      c.setLineDash([]);
      c.globalAlpha = 0.12;
      c.fillStyle = token('accent');
      c.fill();
      c.globalAlpha = 1;
    }
  }

  /** Thumbnails lie beside each other, so that each is drawn by itself, over the dots of its square; the next photos are asked for. */
  #paintArrived({ thumbs, layer }: LaidOut): void {
    if (layer === undefined) return this.#paintAll();
    const c = this.#context;
    const side = THUMB + GAP;
    for (const i of this.#arrived) {
      const [x, y] = this.#place(i);
      c.save();
      c.beginPath();
      c.rect(x - side / 2, y - side / 2, side, side);
      c.clip();
      c.clearRect(x - side / 2, y - side / 2, side, side);
      layer.drawTo(c, [0, 0], [this.#canvas.clientWidth, this.#canvas.clientHeight]);
      c.restore();
      this.#thumb(i, false);
    }
    this.#arrived.clear();
    c.globalAlpha = 1;
    for (const i of thumbs) this.#image(i);
  }

  /** A thumbnail takes the cells under its corners; the first that finds them free has them, others are dots. */
  #layOut(w: number, h: number): LaidOut {
    const side = THUMB + GAP;
    const columns = Math.ceil((w + 2 * THUMB) / side) + 3;
    const taken = new Uint8Array(columns * (Math.ceil((h + 2 * THUMB) / side) + 3));
    const dots: number[] = [];
    const thumbs: number[] = [];
    const { x: xs, y: ys, photos } = this.#points;
    const [across, down] = [this.#scale * this.#stretch, this.#scale];
    const put = (i: number): void => {
      const x = this.#left + xs[i]! * across;
      const y = this.#top + ys[i]! * down;
      if (x < -THUMB || y < -THUMB || x > w + THUMB || y > h + THUMB) return;
      const left = Math.floor((x + THUMB) / side + 0.5);
      const at = left + columns * Math.floor((y + THUMB) / side + 0.5);
      if (taken[at] === 1 || taken[at + 1] === 1 || taken[at + columns] === 1 || taken[at + columns + 1] === 1)
        dots.push(i);
      else {
        taken[at] = taken[at + 1] = taken[at + columns] = taken[at + columns + 1] = 1;
        thumbs.push(i);
      }
    };
    const first = [this.#current, this.#hover].filter((i, k, all) => i >= 0 && all.indexOf(i) === k);
    first.forEach(put);
    for (let i = 0; i < photos.length; i += 1) if (i !== first[0] && i !== first[1]) put(i);
    // What is not chosen lets show through what is.
    const drawn = dots.length > MANY && this.#inside.size === 0 ? this.#uppermost(dots, w, h) : dots;
    return { dots: drawn, thumbs: thumbs.reverse(), layer: undefined, colours: undefined, done: 0 };
  }

  /** Of dots in the middle of one pixel the last, which hides the others. */
  #uppermost(dots: readonly number[], w: number, h: number): number[] {
    const { x: xs, y: ys } = this.#points;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.ceil(w * ratio), Math.ceil(h * ratio)];
    const [across, down] = [this.#scale * this.#stretch, this.#scale];
    const taken = new Uint8Array(width * height);
    const kept: number[] = [];
    for (let k = dots.length - 1; k >= 0; k -= 1) {
      const i = dots[k]!;
      const x = Math.round((this.#left + xs[i]! * across) * ratio);
      const y = Math.round((this.#top + ys[i]! * down) * ratio);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = y * width + x;
      if (taken[at] === 1) continue;
      taken[at] = 1;
      kept.push(i);
    }
    return kept.reverse();
  }

  /**
   * Draws many dots as pixels, as many at a time as leave the window free; the rest comes in the next frames. Until all are there, those
   * that were drawn last are shown where they are now.
   */
  #drawDots(laid: LaidOut, w: number, h: number): void {
    const began = performance.now();
    const ratio = devicePixelRatio;
    const slice = this.#before === undefined ? FIRST_SLICE_MS : SLICE_MS;
    const { palette, of } = this.#points.colours;
    laid.layer ??= new DotLayer(this.#canvas.width, this.#canvas.height, SMALL_DOT * ratio);
    if (laid.done < laid.dots.length) {
      const colours = (laid.colours ??= palette.map(rgbOf));
      const chosen = this.#inside.size > 0;
      const { x: xs, y: ys } = this.#points;
      const [across, down] = [this.#scale * this.#stretch, this.#scale];
      while (laid.done < laid.dots.length && performance.now() - began < slice) {
        const end = Math.min(laid.dots.length, laid.done + AT_ONCE);
        for (; laid.done < end; laid.done += 1) {
          const i = laid.dots[laid.done]!;
          const x = (this.#left + xs[i]! * across) * ratio;
          const y = (this.#top + ys[i]! * down) * ratio;
          const alpha = chosen && !this.#inside.has(i) ? FAINT : PLAIN;
          laid.layer.dot(x, y, colours[of(i)] ?? [0, 0, 0], alpha);
        }
      }
    }
    const here = { left: this.#left, top: this.#top, scale: this.#scale };
    if (laid.done === laid.dots.length) this.#before = { layer: laid.layer, ...here };
    else this.#again();
    const shown = this.#before ?? { layer: laid.layer, ...here };
    const by = here.scale / shown.scale;
    shown.layer.drawTo(this.#context, [here.left - shown.left * by, here.top - shown.top * by], [w * by, h * by]);
  }

  #thumb(i: number, faint: boolean): void {
    const c = this.#context;
    const [x, y] = this.#place(i);
    const image = this.#image(i);
    const ready = image !== undefined && image.complete && image.naturalWidth > 0;
    const aspect = ready ? image.naturalWidth / image.naturalHeight : 1;
    const w = aspect >= 1 ? THUMB : THUMB * aspect;
    const h = aspect >= 1 ? THUMB / aspect : THUMB;
    c.globalAlpha = faint ? 0.3 : 1;
    c.fillStyle = token('raised');
    if (ready) c.drawImage(image, x - w / 2, y - h / 2, w, h);
    else c.fillRect(x - w / 2, y - h / 2, w, h);
    const current = i === this.#current;
    c.lineWidth = current ? 4 : 2.5;
    c.strokeStyle = current ? token('accent') : (this.#points.colours.palette[this.#points.colours.of(i)] ?? '');
    c.strokeRect(x - w / 2, y - h / 2, w, h);
  }

  #image(i: number): HTMLImageElement | undefined {
    const photo = this.#points.photos.at(i)!;
    const known = this.#images.get(photo);
    if (known !== undefined) return known;
    if (this.#loading >= LOADING_AT_ONCE) return undefined;
    const image = new Image();
    this.#loading += 1;
    const { photos } = this.#points;
    const end = (): void => {
      this.#loading -= 1;
      if (this.#points.photos === photos && this.#laid?.thumbs.includes(i)) this.#arrived.add(i);
      // Over what can be seen through it is no second time drawn.
      if (this.#inside.size > 0 || this.#lasso.length > 1) this.#again();
      else this.#next();
    };
    image.onload = end;
    image.onerror = end;
    image.src = photoUrl(photo, 128);
    this.#images.set(photo, image);
    for (const old of this.#images.keys()) {
      if (this.#images.size <= IMAGES_KEPT) break;
      this.#images.delete(old);
    }
    return image;
  }

  /** The point under a position, thumbnails first. */
  #at(x: number, y: number): number {
    let best = -1;
    let distance = THUMB / 2;
    const { x: xs, y: ys, photos } = this.#points;
    const [across, down] = [this.#scale * this.#stretch, this.#scale];
    for (let i = 0; i < photos.length; i += 1) {
      const d = Math.max(Math.abs(this.#left + xs[i]! * across - x), Math.abs(this.#top + ys[i]! * down - y));
      if (d < distance) {
        distance = d;
        best = i;
      }
    }
    return best;
  }

  readonly #onWheel = (e: WheelEvent): void => {
    e.preventDefault();
    const by = Math.exp(-e.deltaY * 0.0015);
    const next = Math.min(200_000, Math.max(60, this.#scale * by));
    const real = next / this.#scale;
    this.#left = e.offsetX - (e.offsetX - this.#left) * real;
    this.#top = e.offsetY - (e.offsetY - this.#top) * real;
    this.#scale = next;
    this.#moved = true;
    this.draw();
  };

  readonly #onDown = (e: PointerEvent): void => {
    this.#canvas.setPointerCapture(e.pointerId);
    this.#drag = { x: e.offsetX, y: e.offsetY, moved: false };
    this.#lasso = this.#draws(e) ? [[e.offsetX, e.offsetY]] : [];
  };

  /** Space or the middle button always moves; Shift always draws. */
  #draws(e: PointerEvent): boolean {
    return e.button === 0 && (this.lassoing || e.shiftKey);
  }

  readonly #onMove = (e: PointerEvent): void => {
    const drag = this.#drag;
    if (drag === undefined) {
      const at = this.#at(e.offsetX, e.offsetY);
      if (at !== this.#hover) {
        this.#hover = at;
        this.onHover(at);
        this.draw();
      }
      return;
    }
    if (Math.hypot(e.offsetX - drag.x, e.offsetY - drag.y) > 4) drag.moved = true;
    if (this.#lasso.length > 0) {
      this.#lasso.push([e.offsetX, e.offsetY]);
      return this.#again();
    }
    if (drag.moved) {
      this.#left += e.movementX;
      this.#top += e.movementY;
      this.#moved = true;
    }
    this.draw();
  };

  readonly #onUp = (e: PointerEvent): void => {
    const drag = this.#drag;
    const lasso = this.#lasso;
    this.#drag = undefined;
    this.#lasso = [];
    if (drag === undefined) return;
    const also = e.ctrlKey || e.metaKey || (e.shiftKey && this.lassoing);
    if (!drag.moved) this.onPick(this.#at(e.offsetX, e.offsetY), also || e.shiftKey);
    else if (lasso.length > 2) {
      const pixel: Point = [1 / (this.#scale * this.#stretch), 1 / this.#scale];
      this.onLasso(
        lasso.map(([x, y]) => [(x - this.#left) * pixel[0], (y - this.#top) * pixel[1]]),
        pixel,
        also,
      );
    }
    this.draw();
  };

  readonly #onLeave = (): void => {
    this.#hover = -1;
    this.onHover(-1);
    this.draw();
  };
}
