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
  `
  -- Pairs that were given without a 3D model (a list of another tool); indices of views of the cluster.
  CREATE TABLE given_pair (
    cluster_id INTEGER NOT NULL REFERENCES cluster(id),
    query_view INTEGER NOT NULL,
    positive_view INTEGER NOT NULL,
    PRIMARY KEY (cluster_id, query_view, positive_view)
  ) STRICT, WITHOUT ROWID;
  -- What a list of pairs said of its clusters: 1 held out, 0 for training; NULL leaves it to the seed.
  ALTER TABLE scene ADD COLUMN held_out INTEGER;

  -- Mining runs may come of imported descriptors, without a network, and of manifolds, without clusters.
  CREATE TABLE mining_run_3 (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    network_id INTEGER REFERENCES network(id),
    set_key TEXT NOT NULL,
    set_name TEXT NOT NULL,
    seed INTEGER NOT NULL,
    size INTEGER,
    parameters TEXT NOT NULL,
    tuples INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    mean_negative_distance REAL NOT NULL,
    training_id INTEGER REFERENCES training_run(id),
    epoch INTEGER
  ) STRICT;
  INSERT INTO mining_run_3
    SELECT r.id, r.created, r.network_id, n.uid || '-' || r.size, json_extract(n.spec, '$.name'), r.seed, r.size,
      json_patch('{"positives":"m3","negatives":"one-per-cluster"}', json_object(
        'minShared', json_extract(r.parameters, '$.minShared'), 'minOverlap', json_extract(r.parameters, '$.minOverlap'),
        'maxScale', json_extract(r.parameters, '$.maxScale'), 'count', json_extract(r.parameters, '$.negatives'),
        'queries', json_extract(r.parameters, '$.queries'), 'cameraPool', 100, 'pool', 20000, 'queryFraction', 1, 'queriesPerCluster', 0)),
      r.tuples, (SELECT COUNT(DISTINCT query) FROM tuple t WHERE t.run_id = r.id), r.mean_negative_distance, r.training_id, r.epoch
    FROM mining_run r JOIN network n ON n.id = r.network_id;
  CREATE TABLE tuple_3 (
    run_id INTEGER NOT NULL REFERENCES mining_run_3(id),
    tuple_index INTEGER NOT NULL,
    -- 0 where query and positive are in no common cluster.
    cluster_id INTEGER NOT NULL,
    query INTEGER NOT NULL REFERENCES photo(id),
    positive INTEGER NOT NULL REFERENCES photo(id),
    shared INTEGER NOT NULL,
    overlap REAL NOT NULL,
    -- NULL where it is not known.
    scale REAL,
    positive_similarity REAL NOT NULL,
    -- Similarity of the hardest negative.
    hardest REAL NOT NULL,
    -- Strategies that would take this positive: 1 m1, 2 m2, 4 m3 may, 8 given, 16 manifold.
    strategies INTEGER NOT NULL,
    -- How many different positives m1 and m2 and this tuple have, less one.
    disagreement INTEGER NOT NULL,
    suspicion REAL NOT NULL,
    negatives TEXT NOT NULL,
    -- What other strategies would take, or the whole pool of positives of a manifold run.
    alternatives TEXT NOT NULL,
    PRIMARY KEY (run_id, tuple_index)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO tuple_3
    SELECT run_id, tuple_index, cluster_id, query, positive, shared, overlap, scale, positive_similarity, hardest, 4, 0, 0, negatives, '[]' FROM tuple;
  DROP TABLE tuple;
  DROP TABLE mining_run;
  ALTER TABLE mining_run_3 RENAME TO mining_run;
  ALTER TABLE tuple_3 RENAME TO tuple;
  CREATE INDEX tuple_query ON tuple(run_id, query, positive);

  -- What people decided, append only. The history is a tree: an action's parent is the one that was in force before; undo goes to the
  -- parent, redo back towards the tip. head and tip are what holds after the row.
  CREATE TABLE action (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('do', 'undo', 'redo')),
    label TEXT NOT NULL,
    parent INTEGER REFERENCES action(id),
    head INTEGER,
    tip INTEGER
  ) STRICT;
  -- One judgement of two photos, a < b. previous is the decision that it replaced.
  CREATE TABLE decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action_id INTEGER NOT NULL REFERENCES action(id),
    a INTEGER NOT NULL REFERENCES photo(id),
    b INTEGER NOT NULL REFERENCES photo(id),
    aspect TEXT NOT NULL CHECK (aspect IN ('positive', 'negative', 'note')),
    verdict TEXT NOT NULL CHECK (verdict IN ('accept', 'reject', 'same-object', 'swap', 'note', 'none')),
    query INTEGER REFERENCES photo(id),
    replacement INTEGER REFERENCES photo(id),
    note TEXT,
    run_id INTEGER,
    tuple_index INTEGER,
    previous INTEGER REFERENCES decision(id)
  ) STRICT;
  CREATE INDEX decision_action ON decision(action_id);
  -- The decision in force for each pair and aspect: derived from the above, kept with it in one transaction.
  CREATE TABLE verdict (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    aspect TEXT NOT NULL,
    decision_id INTEGER NOT NULL REFERENCES decision(id),
    verdict TEXT NOT NULL,
    PRIMARY KEY (a, b, aspect)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER action_kept BEFORE UPDATE ON action BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER action_stays BEFORE DELETE ON action BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER decision_kept BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER decision_stays BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  `,
  `
  -- A folder of photos of many places: its photos are no place of their own, the clusters found in it are.
  ALTER TABLE scene ADD COLUMN mixed INTEGER NOT NULL DEFAULT 0;

  -- What EXIF says: local time of exposure in seconds since 1970, degrees, focal length in pixels of the photo as displayed.
  ALTER TABLE photo ADD COLUMN taken INTEGER;
  ALTER TABLE photo ADD COLUMN latitude REAL;
  ALTER TABLE photo ADD COLUMN longitude REAL;
  ALTER TABLE photo ADD COLUMN focal REAL;
  ALTER TABLE photo ADD COLUMN camera TEXT;
  -- Perceptual hash of what is seen, 16 hex digits; NULL until it is computed. facts_read: EXIF was looked at.
  ALTER TABLE photo ADD COLUMN look TEXT;
  ALTER TABLE photo ADD COLUMN facts_read INTEGER NOT NULL DEFAULT 0;

  -- Everything that was ever a cluster. state: active; excluded by a person; replaced by what it was merged, split or grown into.
  ALTER TABLE cluster RENAME TO cluster_all;
  ALTER TABLE view RENAME TO view_all;
  ALTER TABLE pair RENAME TO pair_all;
  ALTER TABLE given_pair RENAME TO given_pair_all;
  ALTER TABLE cluster_all ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'excluded', 'replaced'));
  ALTER TABLE cluster_all ADD COLUMN alias TEXT;
  CREATE INDEX cluster_scene ON cluster_all(scene_id);
  -- What is in force: all but mining and measuring write to the tables above and read these.
  CREATE VIEW cluster AS SELECT id, uid, scene_id, COALESCE(alias, name) AS name, source, place, points, observations, mean_error, created
    FROM cluster_all WHERE state = 'active';
  CREATE VIEW view AS SELECT * FROM view_all WHERE cluster_id IN (SELECT id FROM cluster_all WHERE state = 'active');
  CREATE VIEW pair AS SELECT * FROM pair_all WHERE cluster_id IN (SELECT id FROM cluster_all WHERE state = 'active');
  CREATE VIEW given_pair AS SELECT * FROM given_pair_all WHERE cluster_id IN (SELECT id FROM cluster_all WHERE state = 'active');

  -- What an action of the log did to clusters; undone and redone with it.
  CREATE TABLE cluster_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action_id INTEGER NOT NULL REFERENCES action(id),
    cluster_id INTEGER NOT NULL REFERENCES cluster_all(id),
    field TEXT NOT NULL CHECK (field IN ('alias', 'state')),
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE INDEX cluster_change_action ON cluster_change(action_id);
  CREATE TRIGGER cluster_change_kept BEFORE UPDATE ON cluster_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER cluster_change_stays BEFORE DELETE ON cluster_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;

  -- Local features of two photos, a < b, that match (u32 pairs), and which of them geometry confirms (u32 indices). A pair that was
  -- tried in vain has no inliers, so that it is not tried again.
  CREATE TABLE photo_match (
    a INTEGER NOT NULL REFERENCES photo(id),
    b INTEGER NOT NULL REFERENCES photo(id),
    inliers INTEGER NOT NULL,
    matches BLOB NOT NULL,
    confirmed BLOB NOT NULL,
    PRIMARY KEY (a, b)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX photo_match_b ON photo_match(b);
  `,
  `
  -- Reports of experiments on images outside the library: domains, drawings.
  CREATE TABLE experiment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('domains', 'sketches')),
    folder TEXT NOT NULL,
    report TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Ladders of component contributions are experiments, too.
  CREATE TABLE experiment_2 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('domains', 'sketches', 'ladder')),
    folder TEXT NOT NULL,
    report TEXT NOT NULL
  ) STRICT;
  INSERT INTO experiment_2 SELECT * FROM experiment;
  DROP TABLE experiment;
  ALTER TABLE experiment_2 RENAME TO experiment;
  `,
  `
  -- Kinds of experiments are defined by what makes and shows them, not here.
  CREATE TABLE experiment_3 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    kind TEXT NOT NULL,
    folder TEXT NOT NULL,
    report TEXT NOT NULL
  ) STRICT;
  INSERT INTO experiment_3 SELECT * FROM experiment;
  DROP TABLE experiment;
  ALTER TABLE experiment_3 RENAME TO experiment;
  `,
  `
  -- Dates were read wrongly: zones of clocks ignored, dates that are none taken. The next import reads them again.
  UPDATE photo SET facts_read = 0;
  `,
  `
  -- Hashes of photos of one tone were noise; now they end in the mean colour. All are computed again when asked for.
  UPDATE photo SET look = NULL;
  `,
  `
  -- Which network is taken where nobody names one, and why; the last row of a kind holds. Rows that keep what was there say why, too.
  CREATE TABLE network_choice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    takes TEXT NOT NULL CHECK (takes IN ('photos', 'edges')),
    network_id INTEGER NOT NULL REFERENCES network(id) ON DELETE CASCADE,
    reason TEXT NOT NULL
  ) STRICT;
  -- Until now the newest was taken: what a library has stays as it was.
  INSERT INTO network_choice (created, takes, network_id, reason)
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), CASE WHEN json_extract(spec, '$.edges') IS NULL THEN 'photos' ELSE 'edges' END, MAX(id),
      'the newest when this library began to keep its default'
    FROM network WHERE json_extract(spec, '$.experiment') IS NULL GROUP BY 2;

  -- What was written beside the database, by its path below the library with forward slashes. modified: of the file, in milliseconds.
  CREATE TABLE stored_file (
    path TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL,
    sha256 TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- When a file's entry last changed, which no program can copy; NULL where it is not known.
  ALTER TABLE photo_file ADD COLUMN changed REAL;
  -- Where photos were whose file is no more or holds another photo: they keep their names and their decisions, and come back with the file.
  CREATE TABLE former_file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    photo_id INTEGER NOT NULL REFERENCES photo(id),
    scene_id INTEGER NOT NULL REFERENCES scene(id),
    name TEXT NOT NULL,
    UNIQUE (photo_id, scene_id, name)
  ) STRICT;
  CREATE TRIGGER photo_file_replaced AFTER UPDATE OF photo_id ON photo_file WHEN OLD.photo_id <> NEW.photo_id BEGIN
    INSERT OR IGNORE INTO former_file (photo_id, scene_id, name) VALUES (OLD.photo_id, OLD.scene_id, OLD.name);
    DELETE FROM former_file WHERE photo_id = NEW.photo_id AND scene_id = NEW.scene_id AND name = NEW.name;
  END;
  CREATE TRIGGER photo_file_added AFTER INSERT ON photo_file BEGIN
    DELETE FROM former_file WHERE photo_id = NEW.photo_id AND scene_id = NEW.scene_id AND name = NEW.name;
  END;
  CREATE TRIGGER photo_file_removed AFTER DELETE ON photo_file BEGIN
    INSERT OR IGNORE INTO former_file (photo_id, scene_id, name) VALUES (OLD.photo_id, OLD.scene_id, OLD.name);
  END;
  INSERT OR IGNORE INTO former_file (photo_id, scene_id, name)
    SELECT p.id, COALESCE((SELECT c.scene_id FROM view_all v JOIN cluster_all c ON c.id = v.cluster_id WHERE v.photo_id = p.id LIMIT 1),
             (SELECT MIN(id) FROM scene)),
           COALESCE((SELECT v.name FROM view_all v WHERE v.photo_id = p.id LIMIT 1), p.hash)
    FROM photo p WHERE NOT EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = p.id) AND EXISTS (SELECT 1 FROM scene);
  -- Where every photo is, or was if it is nowhere now.
  CREATE VIEW known_file AS
    SELECT photo_id, scene_id, name FROM photo_file
    UNION ALL SELECT o.photo_id, o.scene_id, o.name FROM former_file o
      WHERE NOT EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = o.photo_id);
  -- Photos that an import found and none has missed since.
  CREATE VIEW present_photo AS SELECT * FROM photo p WHERE EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = p.id);
  `,
  `
  -- What was answered to requests that may come again after a lost connection, as JSON.
  CREATE TABLE answered (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    once TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL,
    created TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- When a person removed a network's file and descriptors; its row stays, because records name it. NULL where it is there.
  ALTER TABLE network ADD COLUMN removed TEXT;
  `,
  `
  -- The thread that does it, by its file under leases/; NULL where it was begun by 0.1.0.
  ALTER TABLE job ADD COLUMN owner TEXT;
  ALTER TABLE training_run ADD COLUMN owner TEXT;
  -- Long side of the photos that its network is to describe in the end, where one was asked for.
  ALTER TABLE training_run ADD COLUMN asked_size INTEGER;
  `,
  `
  -- SHA-256 of a photo's file, of which hash is the beginning; NULL until it is computed.
  ALTER TABLE photo ADD COLUMN sha256 TEXT;

  -- A person's collection as it is now: name, kind and all rows below but versions are what the log of actions says.
  CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('manual', 'smart')),
    -- 1 before it was made, and once it was deleted.
    hidden INTEGER NOT NULL DEFAULT 1,
    -- Values by field, and the rules of a smart one: JSON.
    fields TEXT NOT NULL DEFAULT '{}',
    rules TEXT
  ) STRICT;
  -- Where items came from, each once.
  CREATE TABLE collection_source (
    id INTEGER PRIMARY KEY,
    how TEXT NOT NULL,
    query TEXT,
    method TEXT,
    network TEXT
  ) STRICT;
  CREATE UNIQUE INDEX collection_source_once
    ON collection_source(how, COALESCE(query, ''), COALESCE(method, ''), COALESCE(network, ''));
  -- member: 1 for photos of the collection, 0 for those that a person judged not to belong. head: what it is folded under.
  CREATE TABLE collection_item (
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    photo_id INTEGER NOT NULL REFERENCES photo(id),
    member INTEGER NOT NULL,
    -- Order within the collection, with room between.
    position INTEGER NOT NULL,
    head INTEGER REFERENCES photo(id),
    source_id INTEGER REFERENCES collection_source(id),
    score REAL,
    rank INTEGER,
    fields TEXT,
    PRIMARY KEY (collection_id, photo_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX collection_item_order ON collection_item(collection_id, position);
  CREATE INDEX collection_item_photo ON collection_item(photo_id);
  CREATE INDEX collection_item_head ON collection_item(collection_id, head) WHERE head IS NOT NULL;

  -- What an action of the log did to a collection: rows of one part before and after, as JSON; undone and redone with it.
  CREATE TABLE collection_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action_id INTEGER NOT NULL REFERENCES action(id),
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    part TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
  ) STRICT;
  CREATE INDEX collection_change_action ON collection_change(action_id);
  CREATE TRIGGER collection_change_kept BEFORE UPDATE ON collection_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER collection_change_stays BEFORE DELETE ON collection_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;

  -- Versions hold all that they say, whatever becomes of photos and networks.
  CREATE TABLE collection_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    author TEXT NOT NULL,
    message TEXT NOT NULL,
    created TEXT NOT NULL,
    digest TEXT NOT NULL,
    parents TEXT NOT NULL,
    fields TEXT NOT NULL,
    items INTEGER NOT NULL,
    UNIQUE (collection_id, number)
  ) STRICT;
  -- item: from 0, in the collection's order. head: the item that it is folded under. photo_id is a help; sha256 is the photo.
  CREATE TABLE version_item (
    version_id INTEGER NOT NULL REFERENCES collection_version(id),
    item INTEGER NOT NULL,
    photo_id INTEGER REFERENCES photo(id),
    sha256 BLOB NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    head INTEGER,
    source_id INTEGER REFERENCES collection_source(id),
    score REAL,
    rank INTEGER,
    fields TEXT,
    PRIMARY KEY (version_id, item)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX version_item_photo ON version_item(version_id, photo_id);
  CREATE TRIGGER collection_version_kept BEFORE UPDATE ON collection_version BEGIN SELECT RAISE(ABORT, 'versions never change'); END;
  CREATE TRIGGER collection_version_stays BEFORE DELETE ON collection_version BEGIN SELECT RAISE(ABORT, 'versions never change'); END;
  CREATE TRIGGER version_item_kept BEFORE UPDATE ON version_item BEGIN SELECT RAISE(ABORT, 'versions never change'); END;
  CREATE TRIGGER version_item_stays BEFORE DELETE ON version_item BEGIN SELECT RAISE(ABORT, 'versions never change'); END;

  CREATE TABLE collection_tag (
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    tag TEXT NOT NULL,
    version_id INTEGER NOT NULL REFERENCES collection_version(id),
    PRIMARY KEY (collection_id, tag)
  ) STRICT, WITHOUT ROWID;
  -- Bundles that were merged, by SHA-256 of what they say. theirs: digest of the version that they lead to, a parent of the next one here.
  CREATE TABLE collection_merge (
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    bundle TEXT NOT NULL,
    author TEXT NOT NULL,
    base TEXT NOT NULL,
    theirs TEXT NOT NULL,
    created TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (collection_id, bundle)
  ) STRICT, WITHOUT ROWID;
  -- What two say differently of one thing, until a person judges. photo: SHA-256, empty for the collection itself. base and proposals: JSON.
  CREATE TABLE collection_conflict (
    collection_id INTEGER NOT NULL REFERENCES collection(id),
    photo TEXT NOT NULL,
    aspect TEXT NOT NULL,
    base TEXT NOT NULL,
    proposals TEXT NOT NULL,
    PRIMARY KEY (collection_id, photo, aspect)
  ) STRICT, WITHOUT ROWID;
  -- The collection that keys add to; not part of the log.
  CREATE TABLE current_collection (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    collection_id INTEGER NOT NULL REFERENCES collection(id)
  ) STRICT;
  `,
  `
  -- What was measured of a photo's pixels, once; version is that of the measures' definitions (features/quality-store.ts).
  CREATE TABLE photo_quality (
    photo_id INTEGER PRIMARY KEY REFERENCES photo(id),
    version INTEGER NOT NULL,
    sharpness REAL NOT NULL,
    brightness REAL NOT NULL,
    dark REAL NOT NULL,
    bright REAL NOT NULL,
    entropy REAL NOT NULL,
    colourfulness REAL NOT NULL,
    blockiness REAL NOT NULL
  ) STRICT;

  -- Near duplicates: under: folded under head_id, which is not folded itself. head: a person chose it to stand for others. alone: a person
  -- said that it stands for itself. What a person said stays when folds are proposed again.
  CREATE TABLE photo_fold (
    photo_id INTEGER PRIMARY KEY REFERENCES photo(id),
    state TEXT NOT NULL CHECK (state IN ('under', 'head', 'alone')),
    head_id INTEGER REFERENCES photo(id) CHECK ((state = 'under') = (head_id IS NOT NULL)),
    said_by TEXT NOT NULL CHECK (said_by IN ('proposal', 'person'))
  ) STRICT;
  CREATE INDEX photo_fold_head ON photo_fold(head_id) WHERE head_id IS NOT NULL;
  -- What is folded now: a head whose file is gone stands for nothing.
  CREATE VIEW folded_photo AS SELECT photo_id, head_id FROM photo_fold o
    WHERE head_id IS NOT NULL AND EXISTS (SELECT 1 FROM photo_file f WHERE f.photo_id = o.head_id);
  -- What an action of the log did to folds: state, head and who said so as JSON, NULL for none; undone and redone with it.
  CREATE TABLE fold_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action_id INTEGER NOT NULL REFERENCES action(id),
    photo_id INTEGER NOT NULL REFERENCES photo(id),
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE INDEX fold_change_action ON fold_change(action_id);
  CREATE TRIGGER fold_change_kept BEFORE UPDATE ON fold_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  CREATE TRIGGER fold_change_stays BEFORE DELETE ON fold_change BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
  `,
  `
  -- Why a verified pair of photos does not join them (engine/clustering/objects.ts); NULL where it does, or where nobody looked yet.
  ALTER TABLE photo_match ADD COLUMN apart TEXT;
  `,
  `
  -- What is in force is looked up by number, not in a list of all clusters that is made for each question.
  DROP VIEW view;
  DROP VIEW pair;
  DROP VIEW given_pair;
  CREATE VIEW view AS SELECT * FROM view_all w WHERE EXISTS (SELECT 1 FROM cluster_all a WHERE a.id = w.cluster_id AND a.state = 'active');
  CREATE VIEW pair AS SELECT * FROM pair_all w WHERE EXISTS (SELECT 1 FROM cluster_all a WHERE a.id = w.cluster_id AND a.state = 'active');
  CREATE VIEW given_pair AS SELECT * FROM given_pair_all w
    WHERE EXISTS (SELECT 1 FROM cluster_all a WHERE a.id = w.cluster_id AND a.state = 'active');
  `,
  `
  -- Work that was cut into shards (engine/plan): its folder, and the digest of its plan.json, which nobody else may have changed when what
  -- came of it is collected.
  CREATE TABLE plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL,
    work TEXT NOT NULL,
    title TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created TEXT NOT NULL,
    collected TEXT,
    forgotten TEXT
  ) STRICT;
  `,
  `
  -- What a run did to the default, and by which figure.
  ALTER TABLE training_run ADD COLUMN standing TEXT;
  `,
  `
  -- In what convolutions and maps were computed; NULL for descriptors of other programs.
  ALTER TABLE descriptor_set ADD COLUMN precision TEXT NOT NULL DEFAULT 'single' CHECK (precision IN ('single', 'half'));
  ALTER TABLE vector_set ADD COLUMN precision TEXT CHECK (precision IN ('single', 'half'));
  UPDATE vector_set SET precision = 'single' WHERE network_id IS NOT NULL;
  `,
  `
  -- Who made a cluster, and what became of it, is asked of each cluster (engine/sfm/made-by-hand.ts): of 5,000 that took 80 s without it.
  CREATE INDEX cluster_change_cluster ON cluster_change(cluster_id);
  `,
];

/**
 * Brings a library up to date, one transaction per migration. Several may do so at once: the version is looked at once nobody else can
 * change it. @param to an older version, for tests of migrations. @returns the version it has now.
 */
export function migrate(db: Database.Database, to = MIGRATIONS.length): number {
  const version = (): number => db.pragma('user_version', { simple: true }) as number;
  const next = db.transaction(() => {
    const from = version();
    if (from >= to) return;
    db.exec(MIGRATIONS[from]!);
    db.pragma(`user_version = ${from + 1}`);
  });
  while (version() < to) next.immediate();
  return version();
}

/** The newest version that this Covis knows. */
export const LATEST = MIGRATIONS.length;
