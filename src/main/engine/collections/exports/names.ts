/** Names of files that exports of collections have. */
export const RECORD = 'collection.json';
export const ITEMS_CSV = 'items.csv';
export const ITEMS_JSONL = 'items.jsonl';
export const MANIFEST = 'manifest-sha256.txt';
export const TAG_MANIFEST = 'tagmanifest-sha256.txt';
export const BAGIT = 'bagit.txt';
export const BAG_INFO = 'bag-info.txt';
export const PAYLOAD = 'data';
