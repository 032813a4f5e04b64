import Database from 'better-sqlite3';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** OpenMVG's layout, ids as cereal writes them. */
export function openMvg(file: string): void {
  const view = (id: number, pose: number): object => ({
    key: id,
    value: {
      polymorphic_id: 1073741824,
      ptr_wrapper: {
        id: 2147483649 + id,
        data: {
          local_path: '',
          filename: `v${id}.jpg`,
          width: 100,
          height: 80,
          id_view: id,
          id_intrinsic: 0,
          id_pose: pose,
        },
      },
    },
  });
  writeFileSync(
    file,
    JSON.stringify({
      sfm_data_version: '0.3',
      root_path: '/elsewhere',
      views: [view(0, 0), view(1, 1), view(2, 4294967295)],
      intrinsics: [
        {
          key: 0,
          value: {
            polymorphic_id: 2147483649,
            polymorphic_name: 'pinhole_radial_k3',
            ptr_wrapper: {
              id: 2147483660,
              data: {
                value0: { width: 100, height: 80, focal_length: 90, principal_point: [50, 40] },
                disto_k3: [0.1, 0, 0],
              },
            },
          },
        },
      ],
      extrinsics: [
        {
          key: 0,
          value: {
            rotation: [
              [1, 0, 0],
              [0, 1, 0],
              [0, 0, 1],
            ],
            center: [1, 2, -3],
          },
        },
        {
          key: 1,
          value: {
            rotation: [
              [0, 0, -1],
              [0, 1, 0],
              [1, 0, 0],
            ],
            center: [0, 0, 0],
          },
        },
      ],
      structure: [
        {
          key: 7,
          value: {
            X: [1, 2, 6],
            observations: [
              { key: 0, value: { id_feat: 3, x: [50, 40] } },
              { key: 1, value: { id_feat: 4, x: [5, 6] } },
            ],
          },
        },
      ],
      control_points: [],
    }),
  );
}

export function nerfstudio(file: string): void {
  writeFileSync(
    file,
    JSON.stringify({
      camera_model: 'OPENCV',
      fl_x: 90,
      fl_y: 91,
      cx: 50,
      cy: 40,
      w: 100,
      h: 80,
      frames: [
        // At (1, 2, 3), looking along the world's -z: the camera's own frame of OpenGL.
        {
          file_path: './images/a.jpg',
          transform_matrix: [
            [1, 0, 0, 1],
            [0, 1, 0, 2],
            [0, 0, 1, 3],
            [0, 0, 0, 1],
          ],
        },
        {
          file_path: 'images/b.jpg',
          fl_x: 70,
          transform_matrix: [
            [0, 0, 1, 0],
            [0, 1, 0, 0],
            [-1, 0, 0, 5],
            [0, 0, 0, 1],
          ],
        },
      ],
    }),
  );
}

export function opensfm(file: string): void {
  writeFileSync(
    file,
    JSON.stringify([
      {
        cameras: { c: { projection_type: 'perspective', width: 100, height: 80, focal: 0.9, k1: 0, k2: 0 } },
        shots: {
          'a.jpg': { rotation: [0, 0, 0], translation: [0, 0, 0], camera: 'c' },
          'b.jpg': { rotation: [0, Math.PI / 2, 0], translation: [1, 0, 0], camera: 'c' },
        },
        points: { 5: { color: [1, 2, 3], coordinates: [0, 0, 4] } },
      },
    ]),
  );
  writeFileSync(
    join(file, '..', 'tracks.csv'),
    'OPENSFM_TRACKS_VERSION_v2\na.jpg\t5\t1\t0.1\t-0.1\t0.001\t1\t2\t3\t-1\t-1\nb.jpg\t5\t2\t0\t0\t0.001\t1\t2\t3\t-1\t-1\n',
  );
}

/** COLMAP's tables, and two images with three matches of which the second image has two orientations of one keypoint. */
export function database(file: string, matches: readonly (readonly [number, number])[] = []): void {
  const db = new Database(file);
  db.exec(`CREATE TABLE cameras (camera_id INTEGER PRIMARY KEY, model INTEGER, width INTEGER, height INTEGER, params BLOB, prior_focal_length INTEGER);
    CREATE TABLE images (image_id INTEGER PRIMARY KEY, name TEXT, camera_id INTEGER);
    CREATE TABLE keypoints (image_id INTEGER PRIMARY KEY, rows INTEGER, cols INTEGER, data BLOB);
    CREATE TABLE descriptors (image_id INTEGER PRIMARY KEY, rows INTEGER, cols INTEGER, data BLOB);
    CREATE TABLE two_view_geometries (pair_id INTEGER PRIMARY KEY, rows INTEGER, cols INTEGER, data BLOB);
    INSERT INTO cameras VALUES (1, 0, 100, 80, NULL, 0);`);
  for (const [id, name] of [
    [3, 'a.jpg'],
    [8, 'b.jpg'],
    [9, 'alone.jpg'],
  ] as const) {
    db.prepare('INSERT INTO images VALUES (?, ?, 1)').run(id, name);
    const rows = Float32Array.from({ length: 4 * 20 }, (_, i) =>
      i % 4 < 2 ? 3 * Math.floor(i / 4) + (i % 4) : id === 8 ? 4 : 2,
    );
    db.prepare('INSERT INTO keypoints VALUES (?, 20, 4, ?)').run(id, Buffer.from(rows.buffer));
  }
  const m = Uint32Array.from(matches.flat());
  db.prepare('INSERT INTO two_view_geometries VALUES (?, ?, 2, ?)').run(
    3 * 2147483647 + 8,
    matches.length,
    Buffer.from(m.buffer),
  );
  db.close();
}
/** Enough matches for a pair to count. */
export const SIXTEEN = Array.from({ length: 16 }, (_, i) => [i, i + 1] as const);
