import type { ClusterDetail } from '../../../shared/domain.ts';
import type { ClusterArrays } from '../../scenes/parts.ts';
import { fetchArray, request } from '../../transport/index.ts';

/** Points drawn at most: those that most photos see. */
const POINT_BUDGET = 1_000_000;

export interface Model {
  readonly detail: ClusterDetail;
  /** Null where the cluster has no 3D model. */
  readonly arrays: ClusterArrays | null;
}

/** Loads a cluster and the flat arrays of its model. @throws CovisError where there is no such cluster. */
export async function loadModel(id: string, signal: AbortSignal): Promise<Model> {
  // First, so that an unknown cluster is told as such.
  const detail = await request('clusters.detail', { id });
  if (!detail.modelled) return { detail, arrays: null };
  const part = (name: string): Promise<ArrayBuffer> => fetchArray(`cluster/${id}/${name}?n=${POINT_BUDGET}`, signal);
  const [points, colours, errors, tracks] = await Promise.all([
    part('points'),
    part('colours'),
    part('errors'),
    part('tracks'),
  ]);
  return {
    detail,
    arrays: {
      points: new Float32Array(points),
      colours: new Uint8Array(colours),
      errors: new Float32Array(errors),
      tracks: new Uint32Array(tracks),
    },
  };
}
