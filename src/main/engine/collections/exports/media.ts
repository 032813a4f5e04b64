/** What files are, for catalogues of others. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  jpe: 'image/jpeg',
  jfif: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  avif: 'image/avif',
  gif: 'image/gif',
  csv: 'text/csv',
  txt: 'text/plain',
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  jsonl: 'application/jsonl',
  md: 'text/markdown',
  xmp: 'application/rdf+xml',
  npy: 'application/x-npy',
  parquet: 'application/vnd.apache.parquet',
  tar: 'application/x-tar',
};

/** Ending of a name in lower case, without its dot. */
export function endingOf(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

/** Media type by the ending of a name. */
export function mediaType(path: string): string {
  const ending = endingOf(path);
  return Object.hasOwn(TYPES, ending) ? TYPES[ending]! : 'application/octet-stream';
}

/** True for kinds that every browser shows. */
export function browsersShow(path: string): boolean {
  return ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'avif', 'gif'].includes(endingOf(path));
}

/** A path as an address has it. */
export function asAddress(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
