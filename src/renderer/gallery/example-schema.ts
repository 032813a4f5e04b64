import { z } from 'zod';

/** A schema with every kind of field. */
export const EXAMPLE = z.strictObject({
  name: z.string().min(1).meta({ label: 'Name', help: 'How the network is called in lists' }),
  input: z
    .enum(['photos', 'edges'])
    .default('photos')
    .meta({ label: 'Input', names: { photos: 'Photos', edges: 'Edge maps' } }),
  backend: z
    .enum(['auto', 'cpu', 'webgpu', 'cuda'])
    .default('auto')
    .meta({
      label: 'Computed by',
      names: { auto: 'The best that answers', cpu: 'CPU', webgpu: 'GPU, WebGPU', cuda: 'GPU, CUDA' },
    }),
  epochs: z.int().min(1).max(1000).default(5).meta({ label: 'Epochs', help: 'Passes, each with tuples mined anew' }),
  size: z.int().min(64).max(2048).default(320).meta({ label: 'Long side', unit: 'px' }),
  learningRate: z.number().positive().max(1).default(1e-5).meta({ label: 'Learning rate' }),
  margin: z.number().min(0.05).max(2).optional().meta({ label: 'Margin', otherwise: 'by network', step: 0.05 }),
  weightDecay: z.number().min(0).max(1).default(1e-6).meta({ label: 'Weight decay', advanced: true }),
  whiten: z.boolean().default(true).meta({ label: 'Whiten afterwards' }),
  mining: z
    .strictObject({
      count: z.int().min(1).max(100).default(5).meta({ label: 'Negatives' }),
      pool: z.int().min(1).optional().meta({ label: 'Pool', otherwise: 'all photos' }),
    })
    .prefault({})
    .meta({ label: 'Mining' }),
});
