import { image } from './image.ts';
import { quickdraw } from './quickdraw.ts';
import type { DrawingReader } from './reader.ts';
import { svg } from './svg.ts';

/** Formats of drawings, in the order of recognition. */
export const DRAWING_READERS: readonly DrawingReader[] = [quickdraw, svg, image];
