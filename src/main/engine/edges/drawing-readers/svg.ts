import { gunzipSync } from 'node:zlib';
import { CovisError } from '../../../../shared/errors.ts';
import { LIMITS } from '../../formats/budget.ts';
import type { DrawingReader } from './reader.ts';
import { sizeOf } from './size.ts';
import { paint } from './svg-painter.ts';

const GZIP = [0x1f, 0x8b];
const isPacked = (bytes: Uint8Array): boolean => GZIP.every((b, i) => bytes[i] === b);

/** SVG, packed or not, drawn at a size that does not depend on its unit. */
export const svg: DrawingReader = {
  format: 'svg',
  title: 'SVG',
  named: /\.svgz?$/i,
  begins(head) {
    if (isPacked(head)) return true;
    const text = head
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trimStart();
    return text.startsWith('<') && /<svg[\s>:]|<\w+:svg[\s>]/i.test(text);
  },
  async read(bytes, where) {
    const text = isPacked(bytes) ? unpacked(bytes, where) : bytes;
    await refuseCostly(text, where);
    return paint(text, where);
  },
};

function unpacked(bytes: Uint8Array, where: { readonly file?: string }): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: LIMITS.svg.bytes });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new CovisError('INPUT_UNSUPPORTED', 'This SVG is larger than 32 MiB once it is unpacked', { ...where, cause })
      : new CovisError('INPUT_CORRUPT', 'This SVG is packed by gzip and cannot be unpacked', { ...where, cause });
  }
}

/**
 * What an SVG shows of another file: pictures and parts, styles, entities. Links of a reader's, as of an <a>, show nothing. Every run is
 * bounded, so that a text made for it cannot make the search long.
 */
const OUTSIDE = [
  /<(?:\w{1,40}:)?(?:image|use|feImage|pattern|linearGradient|radialGradient|tref|textPath|filter|mask|script)\s[^<>]*?\bhref\s{0,20}=\s{0,20}["'](?!\s{0,20}(?:#|data:))([^"']{1,200})/i,
  /\burl\(["'\s]{0,20}(?!["'\s]|#|data:)([^)"'#\s]{1,200})/i,
  /@import\s{1,20}(?:url\()?["']?([^"';)\s]{1,200})/i,
  /<\?xml-stylesheet\s[^<>]*?\bhref\s{0,20}=\s{0,20}["']([^"']{1,200})/i,
  /<!ENTITY\s{1,20}(?:%\s{1,20})?[^\s"'<>]{1,200}\s{1,20}(?:SYSTEM|PUBLIC\s{1,20}["'][^"']{0,200}["'])\s{1,20}["']([^"']{1,200})/i,
  /<\w{1,40}:include\s[^<>]*?\bhref\s{0,20}=\s{0,20}["']([^"']{1,200})/i,
];
const EMBEDDED = /\bhref\s{0,20}=\s{0,20}["']\s{0,20}data:([^"',;]{0,80})[^"',]{0,80},([^"']*)/gi;
const PICTURE = /^image\/(png|jpe?g|gif|webp|avif)$/i;
const MOST_PICTURES = 64;

/** Nothing outside is opened; drawn without it, a drawing would be another. @throws CovisError `INPUT_UNSUPPORTED`. */
async function refuseCostly(bytes: Uint8Array, where: { readonly file?: string }): Promise<void> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replaceAll('\0', '');
  const refused = (message: string, hint: string): CovisError =>
    new CovisError('INPUT_UNSUPPORTED', message, { ...where, hint });
  const found = OUTSIDE.map((r) => r.exec(text)?.[1]).find((f) => f !== undefined);
  if (found !== undefined)
    throw refused(
      `This SVG shows what lies in another file, ${found}, which is not opened`,
      'Save it with its pictures and styles embedded, or as PNG.',
    );
  let pictures = 0;
  let pixels = 0;
  for (const [, kind = '', data = ''] of text.matchAll(EMBEDDED)) {
    pictures += 1;
    if (!PICTURE.test(kind.trim()) || pictures > MOST_PICTURES)
      throw refused(
        pictures > MOST_PICTURES
          ? `This SVG embeds more than ${MOST_PICTURES} pictures`
          : `This SVG embeds ${kind.trim().slice(0, 40) || 'something'}`,
        'A drawing embeds a few pictures at most, as PNG or JPEG. Save it as PNG.',
      );
    const { width, height } = await sizeOf(Buffer.from(data, 'base64'));
    pixels += width * height;
    if (pixels > LIMITS.svg.pixels)
      throw refused(
        `This SVG embeds a picture of ${width} x ${height} pixels, too many to be read`,
        `Make it smaller: at most ${LIMITS.svg.pixels} pixels.`,
      );
  }
}
