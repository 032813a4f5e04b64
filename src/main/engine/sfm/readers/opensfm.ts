import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Camera, SparseModel } from '../model.ts';
import { blameFor, lines, number } from '../text-lines.ts';
import { faultOf, TrackBuilder } from '../track-builder.ts';
import { Json } from '../json.ts';
import { filesNamed } from './files.ts';
import type { ModelReader } from './reader.ts';

const NAMED = /^reconstruction.*\.json$/i;

/** OpenSfM's reconstruction.json, with the observations of tracks.csv beside it. */
export const opensfm: ModelReader = {
  format: 'opensfm',
  title: 'OpenSfM reconstruction.json',
  at: 'file',
  usual: 'reconstruction.json',
  named: NAMED,
  begins: (head) => /^\s*\[\s*\{/.test(head.toString('latin1')),
  holds: 'points',
  needsSizes: false,
  find: (folder) => filesNamed(folder, NAMED),
  files: (path) => [path, tracksFile(path)].filter((f) => f !== undefined),
  read(path, _, warn) {
    const tracks = tracksFile(path);
    if (tracks === undefined)
      warn(`${path} has no tracks.csv beside it, so that its photos share no points and nothing can be mined from it`);
    return readOpenSfm(path, tracks, warn);
  },
};

/**
 * Reads OpenSfM's `reconstruction.json`, which may hold several models, and the observations from `tracks.csv`; without that file
 * points have no observations. @throws CovisError naming the file and where in it.
 */
function readOpenSfm(file: string, tracks: string | undefined, warn: (message: string) => void): SparseModel[] {
  const root = Json.read(file);
  const drafts = root.items().map((r) => draft(r, file));
  if (tracks !== undefined) readTracks(tracks, drafts);
  return drafts.map(({ builder, points }) => {
    const model = builder.finish();
    // Tracks of images and points that are in no model are usual: whatever was matched is in that file.
    const unseen = model.pointTrackLength.reduce((n, length) => n + (length === 0 ? 1 : 0), 0);
    if (tracks !== undefined && unseen > 0)
      warn(`${tracks} has no observation of ${unseen} of the ${points.size} points of ${file}`);
    return model;
  });
}

function tracksFile(file: string): string | undefined {
  const stem = basename(file, '.json').replace(/^reconstruction/, 'tracks');
  return [`${stem}.csv`, 'tracks.csv'].map((n) => join(dirname(file), n)).find((f) => existsSync(f));
}

interface Draft {
  readonly builder: TrackBuilder;
  readonly views: ReadonlyMap<string, { readonly index: number; readonly camera: Camera }>;
  readonly points: ReadonlyMap<string, number>;
}

function draft(r: Json, file: string): Draft {
  const builder = new TrackBuilder(faultOf(file));
  const cameras = new Map<string, Camera>();
  r.get('cameras')
    .entries()
    .forEach(([key, c], i) => {
      const camera = cameraOf(c, i + 1);
      builder.camera(camera);
      cameras.set(key, camera);
    });
  const views = new Map<string, { index: number; camera: Camera }>();
  r.get('shots')
    .entries()
    .forEach(([name, s], i) => {
      const camera = cameras.get(s.get('camera').text());
      if (camera === undefined) throw s.get('camera').wrong('names a camera that the model does not have');
      const index = builder.view({
        imageId: i + 1,
        name,
        cameraId: camera.id,
        rotation: fromAngleAxis(s.get('rotation').numbers(3)),
        translation: s.get('translation').numbers(3) as [number, number, number],
      });
      views.set(name, { index, camera });
    });
  const points = new Map<string, number>();
  for (const [id, p] of r.get('points').entries())
    points.set(
      id,
      builder.point(p.get('coordinates').numbers(3), p.has('color') ? p.get('color').numbers(3) : [128, 128, 128]),
    );
  return { builder, views, points };
}

/** OpenSfM's lengths are in units of the longer side. */
function cameraOf(c: Json, id: number): Camera {
  const [width, height] = [c.get('width').number(), c.get('height').number()];
  const long = Math.max(width, height);
  const type = c.has('projection_type') ? c.get('projection_type').text() : 'perspective';
  const n = (key: string): number => (c.has(key) ? c.get(key).number() : 0);
  const cx = width / 2 + n('c_x') * long;
  const cy = height / 2 + n('c_y') * long;
  if (type === 'spherical' || type === 'equirectangular')
    return { id, model: 'EQUIRECTANGULAR', width, height, params: [width, height] };
  if (type === 'fisheye')
    return {
      id,
      model: 'RADIAL_FISHEYE',
      width,
      height,
      params: [n('focal') * long, cx, cy, n('k1'), n('k2')],
    };
  if (type === 'brown')
    return {
      id,
      model: 'OPENCV',
      width,
      height,
      params: [n('focal_x') * long, n('focal_y') * long, cx, cy, n('k1'), n('k2'), n('p1'), n('p2')],
    };
  if (type !== 'perspective') throw c.get('projection_type').wrong(`is ${type}, which Covis does not know`);
  return { id, model: 'RADIAL', width, height, params: [n('focal') * long, cx, cy, n('k1'), n('k2')] };
}

function fromAngleAxis(v: readonly number[]): [number, number, number, number] {
  const angle = Math.hypot(...v);
  if (angle < 1e-12) return [1, 0, 0, 0];
  const s = Math.sin(angle / 2) / angle;
  return [Math.cos(angle / 2), v[0]! * s, v[1]! * s, v[2]! * s];
}

/** Columns: image, track, feature, x, y, size, r, g, b, …; x and y from the image's centre in units of its longer side. */
function readTracks(file: string, drafts: readonly Draft[]): void {
  const blame = blameFor(file);
  let first = true;
  for (const { text, offset } of lines(file)) {
    const head = first;
    first = false;
    if (text.trim() === '' || (head && text.startsWith('OPENSFM_TRACKS_VERSION'))) continue;
    const f = text.split('\t');
    if (f.length < 5) throw blame('A line of tracks has fewer than five columns', offset);
    for (const d of drafts) {
      const view = d.views.get(f[0]!);
      const point = d.points.get(f[1]!);
      if (view === undefined || point === undefined) continue;
      const long = Math.max(view.camera.width, view.camera.height);
      const x = number(f[3], 'x', offset, blame, blame);
      const y = number(f[4], 'y', offset, blame, blame);
      d.builder.observe(view.index, point, x * long + view.camera.width / 2, y * long + view.camera.height / 2, offset);
    }
  }
}
