import type { ManifoldNeighbour, ManifoldView } from '../../../shared/domain.ts';
import type { Origin } from '../../stores/selection.ts';
import { networkOf } from '../common/origins.ts';

/** How a ranking of the manifold came by its photos: the photo in the middle, which ranking, and where each stands in it. */
export function ranked(view: ManifoldView, along: boolean, neighbours: readonly ManifoldNeighbour[]): Origin {
  return (photo) => {
    const n = neighbours.find((m) => m.photo === photo);
    if (n === undefined) return undefined;
    return {
      how: 'manifold',
      query: view.photo,
      method: along ? 'diffusion' : 'cosine',
      network: networkOf(view.set),
      score: along ? n.manifold : n.similarity,
      rank: along ? n.manifoldRank : n.euclideanRank,
    };
  };
}

/** The same of the graph: by diffusion where the photo is ranked so, else by the graph alone. */
export function ofGraph(view: ManifoldView): Origin {
  const along = ranked(view, true, [...view.manifold, ...view.euclidean]);
  return (photo) => {
    const from = along(photo);
    if (from?.rank != null) return from;
    return {
      how: 'manifold',
      query: view.photo,
      method: 'graph',
      network: networkOf(view.set),
      score: null,
      rank: null,
    };
  };
}
