/** What crosses between the engine and its faces: plain, serialisable facts, a file a subject in `facts/`. No behaviour. */
export type { DeepReadonly, Facts } from './facts/facts.ts';
export * from './facts/adapt.ts';
export * from './facts/adapt-names.ts';
export {
  ADDABLE,
  BACKENDS,
  BACKEND_NAMES,
  PRECISIONS,
  PRECISION_NAMES,
  type Addable,
  type Backend,
  type Precision,
} from './facts/backends.ts';
export * from './facts/clusters.ts';
export * from './facts/collections.ts';
export * from './facts/descriptors.ts';
export * from './facts/experiments.ts';
export * from './facts/jobs.ts';
export * from './facts/library.ts';
export * from './facts/manifold.ts';
export * from './facts/measurements.ts';
export * from './facts/mining.ts';
export * from './facts/kept.ts';
export * from './facts/networks.ts';
export * from './facts/photos.ts';
export * from './facts/poolings.ts';
export * from './facts/search.ts';
export * from './facts/settings.ts';
export * from './facts/start.ts';
export * from './facts/steps.ts';
export * from './facts/strategies.ts';
export * from './facts/training.ts';
export * from './facts/tuples.ts';
export {
  EXPORT_FORMATS,
  EXPORTS,
  PHOTO_PLACEMENTS,
  RUN_EXPORTS,
  type ExportFormat,
  type PhotoPlacement,
} from './exports/index.ts';
