import { z } from 'zod';
import { clusterDetail, clusterInfo, covisibleView } from '../facts/clusters.ts';
import { id, onceKey } from '../fields.ts';
import { route } from './route.ts';

const chosen = z.array(id).min(1).max(1000);

/** What a person does to clusters. */
export const clusterEdit = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rename'), cluster: id, name: z.string().min(1).max(200) }),
  z.strictObject({ kind: z.literal('exclude'), clusters: chosen }),
  z.strictObject({ kind: z.literal('include'), clusters: chosen }),
  z.strictObject({ kind: z.literal('merge'), clusters: chosen }),
  /** Views, by index, that become a cluster of their own. */
  z.strictObject({ kind: z.literal('split'), cluster: id, views: z.array(z.int().min(0)).min(1).max(100_000) }),
]);
export type ClusterEditParams = z.infer<typeof clusterEdit>;

export const clusterRoutes = {
  /** Clusters in the order of their import: all, or `limit` of them after the first `from`. */
  'clusters.list': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ from: z.int().min(0).default(0), limit: z.int().min(1).max(1000).optional() }),
    result: z.array(clusterInfo),
  }),
  'clusters.detail': route({ who: 'page', repeat: 'safe', params: z.strictObject({ id }), result: clusterDetail }),
  /** Views that share points with one, by its index. */
  'clusters.covisible': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ id, view: z.int().min(0) }),
    result: z.array(covisibleView),
  }),
  /** Photos of each, in its order, without those whose file is in no library. */
  'clusters.photos': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ clusters: chosen }),
    result: z.object({ of: z.array(z.array(z.string())) }),
  }),
  /** Answers with the clusters that were made or changed, and what the person should know of it. */
  'clusters.edit': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ edit: clusterEdit, once: onceKey }),
    result: z.object({ clusters: z.array(z.string()), note: z.string().nullable() }),
  }),
};
