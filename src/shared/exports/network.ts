import { z } from 'zod';
import { network as which } from '../fields.ts';
import { exporting } from './export.ts';

/** A network as one ONNX file. */
export const network = exporting({
  format: 'network',
  title: 'Network (.onnx)',
  what: 'network',
  writes: 'file',
  of: 'network',
  params: z.object({ network: which.optional() }),
});
