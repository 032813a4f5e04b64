/** A process that paints SVG, so that it can be ended while it does. */
import sharp from 'sharp';
import { CANVAS, drawn } from './paper.ts';
import type { Painted, PaintTask } from './svg-painter.ts';

sharp.concurrency(1);

function densityOf(width: number | undefined, height: number | undefined): number {
  const side = Math.max(1, width ?? 1, height ?? 1);
  return Math.min(2400, Math.max(1, (72 * CANVAS) / side));
}

const say = (m: Painted): void => {
  process.send?.(m);
};

// Leaving in the usual way would wait until it is painted.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', ({ svg }: PaintTask) => {
  drawn(async () => {
    const { width, height } = await sharp(svg, { failOn: 'error' }).metadata();
    return sharp(svg, { failOn: 'error', density: densityOf(width, height) }).resize({
      width: CANVAS,
      height: CANVAS,
      fit: 'inside',
    });
  }).then(
    (grey) => say({ grey }),
    (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
  );
});
say({ ready: true });
