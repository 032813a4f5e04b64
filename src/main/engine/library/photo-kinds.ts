import { CovisError } from '../../../shared/errors.ts';

/** Kinds of image files that the decoder reads. */
export const READABLE = ['JPEG', 'PNG', 'WebP', 'TIFF', 'AVIF', 'GIF'] as const;

/** How many bytes of a file's beginning tell its kind. */
export const HEAD_BYTES = 64;

/** Endings of kinds that are known, whether they are read or not. */
const ENDINGS: Readonly<Record<string, string>> = {
  jpg: 'JPEG',
  jpeg: 'JPEG',
  jpe: 'JPEG',
  jfif: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  tif: 'TIFF',
  tiff: 'TIFF',
  avif: 'AVIF',
  gif: 'GIF',
  heic: 'HEIC',
  heif: 'HEIC',
  hif: 'HEIC',
  bmp: 'BMP',
  dib: 'BMP',
  jp2: 'JPEG 2000',
  j2k: 'JPEG 2000',
  j2c: 'JPEG 2000',
  jpx: 'JPEG 2000',
  jpf: 'JPEG 2000',
  jxl: 'JPEG XL',
  psd: 'Photoshop',
  psb: 'Photoshop',
  exr: 'OpenEXR',
  hdr: 'Radiance HDR',
  ppm: 'PNM',
  pgm: 'PNM',
  pbm: 'PNM',
  pnm: 'PNM',
  tga: 'Targa',
};
for (const raw of '3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f'.split(
  ' ',
))
  (ENDINGS as Record<string, string>)[raw] = 'camera raw';

/** What is beside photos and begins like one: previews of cameras, unfinished downloads, copies that editors keep. */
const ASIDE = /(~|\.(thm|tmp|temp|bak|old|swp|part|partial|crdownload|download|lrprev))$/i;

const DIB_HEADERS = [12, 16, 40, 52, 56, 64, 108, 124];

/** True for kinds that Covis decodes. */
export function isReadable(kind: string): boolean {
  return (READABLE as readonly string[]).includes(kind);
}

/** Kind of image that a file's ending promises; undefined for other endings and none. */
export function kindByEnding(name: string): string | undefined {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined;
}

/** Kind of image by how a file begins; undefined where it is none. @param head the first {@link HEAD_BYTES} bytes. */
export function kindByContent(head: Buffer): string | undefined {
  const text = (from: number, to: number): string => head.toString('latin1', from, to);
  if (head.length < 4) return undefined;
  if (text(0, 3) === '\xff\xd8\xff') return 'JPEG';
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'PNG';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'WebP';
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'GIF';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text(0, 4))) return text(8, 10) === 'CR' ? 'camera raw' : 'TIFF';
  if (/^(IIRO|IIRS|MMOR|IIU\0|FOVb|HEAPCCDR)/.test(text(0, 8)) || text(0, 8) === 'FUJIFILM') return 'camera raw';
  if (text(4, 8) === 'ftyp') return kindByBrand(head);
  if (text(0, 12) === '\0\0\0\x0cjP  \r\n\x87\n' || text(0, 4) === '\xff\x4f\xff\x51') return 'JPEG 2000';
  if (text(0, 12) === '\0\0\0\x0cJXL \r\n\x87\n') return 'JPEG XL';
  if (text(0, 4) === '8BPS') return 'Photoshop';
  if (text(0, 4) === '\x76\x2f\x31\x01') return 'OpenEXR';
  if (text(0, 10) === '#?RADIANCE') return 'Radiance HDR';
  if (text(0, 2) === 'BM' && head.length >= 18 && DIB_HEADERS.includes(head.readUInt32LE(14))) return 'BMP';
  return undefined;
}

/** Brands of ISO base media files: images coded with AV1, with HEVC, or raw; films are no images. */
function kindByBrand(head: Buffer): string | undefined {
  const size = Math.min(head.length, head.readUInt32BE(0));
  const brands = [head.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= size; at += 4) brands.push(head.toString('latin1', at, at + 4));
  if (brands[0] === 'crx ') return 'camera raw';
  if (brands.some((b) => b === 'avif' || b === 'avis')) return 'AVIF';
  if (brands.some((b) => /^(he[iv][cxms]|mif1|msf1)$/.test(b))) return 'HEIC';
  return undefined;
}

/**
 * Kind of image of a file, by how it begins; by its ending where it begins like none, so that a damaged photo is found and said to be
 * damaged. Raw files of cameras that begin as TIFF are told by their ending: what a decoder of TIFF finds in them is a preview.
 * @returns undefined for what is no image.
 */
export function imageKind(name: string, head: Buffer): string | undefined {
  if (ASIDE.test(name)) return undefined;
  const promised = kindByEnding(name);
  const found = kindByContent(head);
  if (found === 'TIFF' && promised === 'camera raw') return promised;
  return found ?? promised;
}

/** @throws CovisError `INPUT_UNSUPPORTED` for a kind of image that is known and not decoded. @param file the path, or the bytes. */
export function refuseKind(kind: string | undefined, file: string | Uint8Array): void {
  if (kind === undefined || isReadable(kind)) return;
  throw new CovisError('INPUT_UNSUPPORTED', `Covis does not read this kind of image (${kind})`, {
    ...(typeof file === 'string' ? { file } : {}),
    hint: 'Convert it to JPEG, PNG or TIFF.',
  });
}

const SYSTEM = new Set(
  [
    '@eaDir',
    '@tmp',
    '@Recycle',
    '@Recently-Snapshot',
    '@sharebin',
    '#recycle',
    '#snapshot',
    '__MACOSX',
    '__pycache__',
    '_gsdata_',
    '$RECYCLE.BIN',
    'RECYCLER',
    'RECYCLED',
    'System Volume Information',
    'lost+found',
    'iPod Photo Cache',
    'Thumbs.db',
    'ehthumbs.db',
    'ehthumbs_vista.db',
    'desktop.ini',
  ].map((n) => n.toLowerCase()),
);

/**
 * True for names that systems and programs give to what is not a person's: everything that begins with a dot (AppleDouble's `._` too),
 * previews, waste bins and indices of Synology, QNAP, Windows, macOS and Lightroom. What lies in such a folder is never a photo.
 */
export function isSystemName(name: string): boolean {
  return name.startsWith('.') || SYSTEM.has(name.toLowerCase()) || /\.(lrdata|lrcat-data)$/i.test(name);
}
