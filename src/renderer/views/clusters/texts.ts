import type { ClusterInfo } from '../../../shared/domain.ts';

/** A mean reprojection error. */
export function errorText(px: number | null): string {
  return px === null ? 'not stated' : `${px.toFixed(2)} px`;
}

/** What is known of a cluster's 3D model, behind its pairs. */
export function modelText({ modelled, meanReprojectionError }: ClusterInfo): string {
  return modelled ? `error ${errorText(meanReprojectionError)}` : 'no 3D model';
}
