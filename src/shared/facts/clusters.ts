/** Facts of clusters: a reconstructed (or listed) model, its cameras and what they share. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** A cluster as others name it. */
export const clusterLabel = z.object({ id: z.string(), name: z.string() });
export type ClusterLabel = Facts<typeof clusterLabel>;

export const clusterInfo = z.object({
  id: z.string(),
  name: z.string(),
  scene: z.string(),
  /** Clusters of one place are never each other's negatives. */
  place: z.int(),
  photos: count,
  missing: count,
  points: count,
  observations: count,
  /** Pixels; null where the model does not say. */
  meanReprojectionError: z.number().nullable(),
  /** The photo that sees most points. */
  cover: z.string().nullable(),
  /** Pairs of photos that share at least one point, or that a list gave. */
  pairs: count,
  /** A person took it out of mining and measuring. */
  excluded: z.boolean(),
  /** False for clusters of verified matches or of listed pairs, without cameras and points; their views have no pose then. */
  modelled: z.boolean(),
});
export type ClusterInfo = Facts<typeof clusterInfo>;

/** One camera of a cluster; `position` and `rotation` are world_from_cam, columns right, down, forward. */
export const clusterView = z.object({
  index: count,
  photo: z.string().nullable(),
  name: z.string(),
  position: z.tuple([z.number(), z.number(), z.number()]),
  /** Row-major 3x3 of cam_from_world. */
  rotation: z.array(z.number()),
  /** Focal length over image width, and height over width, in the sensor frame. */
  focal: z.number(),
  aspect: z.number(),
  /** EXIF orientation, 1 to 8. */
  orientation: z.int(),
  pointsSeen: count,
});
export type ClusterView = Facts<typeof clusterView>;

export const clusterDetail = clusterInfo.extend({
  views: z.array(clusterView),
  /** Other clusters of the same place, and why. */
  samePlace: z.array(clusterLabel),
});
export type ClusterDetail = Facts<typeof clusterDetail>;

export const covisibleView = z.object({
  index: count,
  shared: count,
  /** Shared points over the points of the asking view. */
  overlap: z.number(),
  scale: z.number(),
});
export type CovisibleView = Facts<typeof covisibleView>;

/** What clustering a folder of photos gave; the contract of `covis cluster --json`. */
export const clusteringReport = z.object({
  clusters: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      photos: z.array(z.string()),
      points: count,
    }),
  ),
  /** Photos in no cluster. */
  unclustered: z.array(z.string()),
  /** Photos whose clusters a person excluded, all of them; left out where there are none. */
  excluded: z.exactOptional(z.array(z.string())),
  steps: z.array(
    z.object({
      name: z.string(),
      seconds: z.number(),
    }),
  ),
  photos: count,
  /** Pairs that were looked at, those that geometry confirms, and the scenes that they make. */
  pairs: count,
  verified: count,
  /** Verified pairs that do not join their photos: what they share is seen in many others, or beside what the photo is of. */
  apart: count.default(0),
  /** Photos that share no point with another. */
  alone: count.default(0),
  scenes: count,
});
export type ClusteringReport = Facts<typeof clusteringReport>;
