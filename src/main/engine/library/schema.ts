import type Database from 'better-sqlite3';

/** Migrations in order; a library's `user_version` says how many it has had. Never edit one that was released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE scene (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    root TEXT NOT NULL UNIQUE,
    images TEXT NOT NULL
  ) STRICT;

  -- A photo is its content: the same file in two places is one photo with two locations.
  CREATE TABLE photo (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    orientation INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    place INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE photo_file (
    photo_id INTEGER NOT NULL REFERENCES photo(id),
    scene_id INTEGER NOT NULL REFERENCES scene(id),
    name TEXT NOT NULL,
    modified REAL NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (scene_id, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX photo_file_photo ON photo_file(photo_id);

  CREATE TABLE cluster (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    scene_id INTEGER NOT NULL REFERENCES scene(id),
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    place INTEGER NOT NULL DEFAULT 0,
    points INTEGER NOT NULL,
    observations INTEGER NOT NULL,
    mean_error REAL,
    created TEXT NOT NULL
  ) STRICT;

  -- A registered image. photo_id is NULL where the photo was missing at import. Pose is cam_from_world.
  CREATE TABLE view (
    cluster_id INTEGER NOT NULL REFERENCES cluster(id),
    view_index INTEGER NOT NULL,
    photo_id INTEGER REFERENCES photo(id),
    name TEXT NOT NULL,
    camera TEXT NOT NULL,
    pose TEXT NOT NULL,
    points_seen INTEGER NOT NULL,
    PRIMARY KEY (cluster_id, view_index)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX view_photo ON view(photo_id);

  -- Covisibility of two views, a < b; scale is the change from a to b.
  CREATE TABLE pair (
    cluster_id INTEGER NOT NULL REFERENCES cluster(id),
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    shared INTEGER NOT NULL,
    scale REAL,
    PRIMARY KEY (cluster_id, a, b)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX pair_b ON pair(cluster_id, b);

  CREATE TABLE network (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    parent TEXT,
    spec TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    parameters INTEGER NOT NULL,
    embedded INTEGER NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  -- One .npy of float32, row i belongs to the i-th content hash of the .ids.npy beside it.
  CREATE TABLE descriptor_set (
    id INTEGER PRIMARY KEY,
    network_id INTEGER NOT NULL REFERENCES network(id),
    size INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    created TEXT NOT NULL,
    UNIQUE (network_id, size)
  ) STRICT;

  CREATE TABLE training_run (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The process that runs it: a run whose process is gone was interrupted.
    pid INTEGER NOT NULL,
    network_id INTEGER NOT NULL REFERENCES network(id),
    result_id INTEGER REFERENCES network(id),
    parameters TEXT NOT NULL,
    device TEXT NOT NULL,
    map_before REAL
  ) STRICT;

  CREATE TABLE epoch (
    training_id INTEGER NOT NULL REFERENCES training_run(id),
    epoch INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (training_id, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mining_run (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    network_id INTEGER NOT NULL REFERENCES network(id),
    seed INTEGER NOT NULL,
    size INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    tuples INTEGER NOT NULL,
    mean_negative_distance REAL NOT NULL,
    training_id INTEGER REFERENCES training_run(id),
    epoch INTEGER
  ) STRICT;

  CREATE TABLE tuple (
    run_id INTEGER NOT NULL REFERENCES mining_run(id),
    tuple_index INTEGER NOT NULL,
    cluster_id INTEGER NOT NULL,
    query INTEGER NOT NULL REFERENCES photo(id),
    positive INTEGER NOT NULL REFERENCES photo(id),
    shared INTEGER NOT NULL,
    overlap REAL NOT NULL,
    scale REAL NOT NULL,
    positive_similarity REAL NOT NULL,
    -- Similarity of the hardest negative, for sorting.
    hardest REAL NOT NULL,
    negatives TEXT NOT NULL,
    PRIMARY KEY (run_id, tuple_index)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tuple_cluster ON tuple(run_id, cluster_id, tuple_index);

  CREATE TABLE evaluation (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    network_id INTEGER NOT NULL REFERENCES network(id),
    size INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    queries INTEGER NOT NULL,
    database_size INTEGER NOT NULL,
    map REAL NOT NULL,
    map_whitened REAL
  ) STRICT;

  CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    params TEXT NOT NULL,
    state TEXT NOT NULL,
    pid INTEGER NOT NULL,
    created TEXT NOT NULL,
    started TEXT,
    finished TEXT,
    error TEXT,
    warnings TEXT NOT NULL DEFAULT '[]',
    result TEXT
  ) STRICT;
  `,
  `
  -- Descriptors beside those of descriptor_set: imported from other programs, or of regions. One .npy of float16 or float32 under
  -- descriptors/, the content hash of each row's photo in the .ids.npy beside it, for regions their boxes in .boxes.npy.
  CREATE TABLE vector_set (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    network_id INTEGER REFERENCES network(id),
    size INTEGER,
    -- The file that it was imported from, and that file's content then.
    source TEXT,
    source_hash TEXT,
    regional INTEGER NOT NULL,
    dim INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    photos INTEGER NOT NULL,
    half INTEGER NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  CREATE TABLE truth (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    images INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    content TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;

  -- One ranking method on one descriptor set under one protocol. facts: intervals, mP@k, curves, every query.
  CREATE TABLE measurement (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    set_key TEXT NOT NULL,
    set_name TEXT NOT NULL,
    method TEXT NOT NULL,
    parameters TEXT NOT NULL,
    truth TEXT NOT NULL,
    protocol TEXT NOT NULL,
    map REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    queries INTEGER NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX measurement_cell ON measurement(set_key, method, truth, protocol, id);
  `,
];

/** Brings a library up to date, one transaction per migration. @returns the version it has now. */
export function migrate(db: Database.Database): number {
  const from = db.pragma('user_version', { simple: true }) as number;
  MIGRATIONS.slice(from).forEach((sql, i) => {
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${from + i + 1}`);
    }).immediate();
  });
  return Math.max(from, MIGRATIONS.length);
}

/** The newest version that this Covis knows. */
export const LATEST = MIGRATIONS.length;
