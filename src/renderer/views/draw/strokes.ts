/** One line of a drawing: points in fractions of the paper, with the pressure of the pen. */
export interface Stroke {
  readonly erase: boolean;
  /** Share of the paper's side. */
  readonly width: number;
  readonly points: readonly { readonly x: number; readonly y: number; readonly pressure: number }[];
}

/** Widths of a line, as shares of the paper's side. */
export const WIDTHS = [0.008, 0.014, 0.026] as const;

/** What a mouse presses with, for which pens tell nothing. */
export const EVEN_PRESSURE = 0.5;

/** Draws strokes onto a canvas of `side` pixels; erasing takes away what was drawn before. */
export function paint(context: CanvasRenderingContext2D, side: number, strokes: readonly Stroke[]): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const s of strokes) {
    context.globalCompositeOperation = s.erase ? 'destination-out' : 'source-over';
    const [first] = s.points;
    if (first === undefined) continue;
    const wide = (pressure: number): number => s.width * side * (0.5 + pressure);
    if (s.points.length === 1) {
      context.beginPath();
      context.arc(first.x * side, first.y * side, wide(first.pressure) / 2, 0, 2 * Math.PI);
      context.fill();
    }
    // Piece by piece, because pressure changes along the line.
    for (let i = 1; i < s.points.length; i += 1) {
      const a = s.points[i - 1]!;
      const b = s.points[i]!;
      context.lineWidth = wide((a.pressure + b.pressure) / 2);
      context.beginPath();
      context.moveTo(a.x * side, a.y * side);
      context.lineTo(b.x * side, b.y * side);
      context.stroke();
    }
  }
  context.globalCompositeOperation = 'source-over';
}

/**
 * The drawing as a picture, black on white; undefined while there is nothing to see. Encoded at once: browsers leave `toBlob` to idle
 * moments, which may be seconds away.
 */
export function picture(strokes: readonly Stroke[], side: number): Blob | undefined {
  const sheet = (): CanvasRenderingContext2D => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = side;
    return canvas.getContext('2d', { willReadFrequently: true })!;
  };
  const ink = sheet();
  paint(ink, side, strokes);
  if (!ink.getImageData(0, 0, side, side).data.some((v, i) => i % 4 === 3 && v > 0)) return undefined;
  const paper = sheet();
  paper.fillStyle = '#fff';
  paper.fillRect(0, 0, side, side);
  paper.drawImage(ink.canvas, 0, 0);
  const base64 = paper.canvas.toDataURL('image/png').split(',')[1]!;
  return new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' });
}

/** Drawings one can go back and forth in; each step is a whole drawing, strokes are shared. */
export class DrawingHistory {
  readonly #states: (readonly Stroke[])[] = [[]];
  #at = 0;

  get strokes(): readonly Stroke[] {
    return this.#states[this.#at]!;
  }
  get canUndo(): boolean {
    return this.#at > 0;
  }
  get canRedo(): boolean {
    return this.#at < this.#states.length - 1;
  }
  put(strokes: readonly Stroke[]): void {
    this.#states.splice(this.#at + 1, Infinity, strokes);
    this.#at += 1;
  }
  undo(): void {
    if (this.canUndo) this.#at -= 1;
  }
  redo(): void {
    if (this.canRedo) this.#at += 1;
  }
}
