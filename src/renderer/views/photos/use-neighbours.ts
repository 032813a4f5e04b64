import type { PhotoInfo } from '../../../shared/domain.ts';
import { request } from '../../transport/index.ts';

/** A photo that goes with another, and where both are looked at together. */
export interface Neighbour {
  readonly photo: string;
  readonly name: string;
  /** Matches that geometry confirms, or points that both see. */
  readonly count: number;
  readonly to:
    | { readonly name: 'photos'; readonly query: Readonly<Record<string, string>> }
    | {
        readonly name: 'cluster';
        readonly params: { readonly id: string };
        readonly query: Readonly<Record<string, string>>;
      };
}

export interface Neighbours {
  readonly matches: readonly Neighbour[];
  readonly shared: readonly Neighbour[];
}

/** Photos whose local features match one's, and those that share points with it in its first 3D model, those with most first. */
export async function neighboursOf(info: PhotoInfo): Promise<Neighbours> {
  const [matched, shared] = await Promise.all([request('matches.of', { photo: info.id }), sharing(info)]);
  const matches = matched.map((m) => ({
    photo: m.photo,
    name: m.name,
    count: m.inliers,
    to: { name: 'photos' as const, query: { tab: 'matches', photo: info.id, with: m.photo } },
  }));
  return { matches, shared };
}

async function sharing(info: PhotoInfo): Promise<Neighbour[]> {
  const cluster = info.clusters[0];
  if (cluster === undefined) return [];
  const { views, modelled } = await request('clusters.detail', { id: cluster.id });
  const own = views.find((v) => v.photo === info.id);
  if (!modelled || own === undefined) return [];
  const covisible = await request('clusters.covisible', { id: cluster.id, view: own.index });
  return covisible.flatMap(({ index, shared }) => {
    const other = views[index];
    if (other === undefined || other.photo === null) return [];
    const query = { photo: info.id, with: other.photo };
    const to = { name: 'cluster' as const, params: { id: cluster.id }, query };
    return [{ photo: other.photo, name: other.name, count: shared, to }];
  });
}
