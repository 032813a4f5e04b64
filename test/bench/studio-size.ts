/** How large the synthetic library of the studio's bench is. */
export interface StudioSize {
  readonly photos: number;
  /** One has a fiftieth of all photos, the others share the rest evenly. */
  readonly clusters: number;
  /** Covisible pairs of a photo with photos after it on the camera's path. */
  readonly pairsPerPhoto: number;
  readonly tuples: number;
  readonly seed: number;
}
