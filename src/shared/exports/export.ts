import { z } from 'zod';
import { rowNumber } from '../fields.ts';

/**
 * A format that Covis writes for other tools: what it is called, what it takes. `engine/exchange/exports/<format>.ts` writes it and reads
 * it back.
 */
export interface ExportDefinition<F extends string = string, P extends z.ZodObject = z.ZodObject> {
  /** As `covis export --format` takes it. */
  readonly format: F;
  /** For people. */
  readonly title: string;
  /** What a report counts. */
  readonly what: string;
  /** Whether `out` is a folder, made where it is not there, or a file. */
  readonly writes: 'folder' | 'file';
  /** What it is made of: pages offer exports of a mining run's library beside its tuples, and a network's elsewhere. */
  readonly of: 'mining' | 'network';
  /** What it reads besides `out`. */
  readonly params: P;
}

/** Defines an export. */
export function exporting<F extends string, P extends z.ZodObject>(
  definition: ExportDefinition<F, P>,
): ExportDefinition<F, P> {
  return definition;
}

/** How photos come to an export: as links to where they are, as copies, or not at all. */
export const PHOTO_PLACEMENTS = ['link', 'copy', 'none'] as const;
export type PhotoPlacement = (typeof PHOTO_PLACEMENTS)[number];

export const photos = z
  .enum(PHOTO_PLACEMENTS)
  .default('link')
  .meta({ label: 'Photos', help: 'how photos come beside retrieval-sfm and gnd', value: 'how' });
export const run = rowNumber.optional().meta({ help: 'which mining run', otherwise: 'the newest', value: 'n' });
