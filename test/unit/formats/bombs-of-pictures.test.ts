import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { describeBombs, type Bomb } from '../../support/bombs.ts';

const MIB = 1 << 20;

/** A PNG that says how large it is, and holds next to nothing. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(1 << 16))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const svg = (content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100">${content}</svg>`;

const BOMBS: readonly Bomb[] = [
  {
    name: 'a drawing of 16,000 x 16,000',
    kind: 'drawing',
    file: 'large.png',
    content: () => png(16_000, 16_000),
    expected: /^INPUT_UNSUPPORTED: This drawing has 16000 x 16000 pixels/,
  },
  {
    name: 'a photo of 16,000 x 16,000 in 200 bytes',
    kind: 'photo',
    file: 'large.jpg',
    content: () => png(16_000, 16_000),
    expected: /^INPUT_UNSUPPORTED: This photo says that it has 16000 x 16000 pixels/,
  },
  {
    name: 'a photo of 100,000 x 100,000',
    kind: 'photo',
    file: 'larger.jpg',
    content: () => png(100_000, 100_000),
    expected: /^INPUT_/,
  },
  {
    name: 'a packed SVG',
    kind: 'drawing',
    file: 'packed.svgz',
    content: () => gzipSync(svg(' '.repeat(40 * MIB)), { level: 1 }),
    expected: /^INPUT_UNSUPPORTED: This SVG is larger than 32 MiB/,
  },
  {
    name: 'an SVG with a picture beside it',
    kind: 'drawing',
    file: 'beside.svg',
    content: () => svg('<image xlink:href="file:///etc/passwd"/>'),
    expected: /^INPUT_UNSUPPORTED: This SVG shows what lies in another file, file:\/\/\/etc\/passwd/,
  },
  {
    name: 'an SVG with a part of another',
    kind: 'drawing',
    file: 'part.svg',
    content: () => svg("<use href='other.svg#a'/>"),
    expected: /^INPUT_UNSUPPORTED: .* other\.svg#a/,
  },
  {
    name: 'an SVG with a style of another place',
    kind: 'drawing',
    file: 'style.svg',
    content: () => svg('<style>@import url("http://x/y.css")</style>'),
    expected: /^INPUT_UNSUPPORTED: .*http:\/\/x\/y\.css/,
  },
  {
    name: 'an SVG with an entity of another file',
    kind: 'drawing',
    file: 'entity.svg',
    content: () => `<!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]>${svg('<text>&x;</text>')}`,
    expected: /^INPUT_UNSUPPORTED: .*\/etc\/passwd/,
  },
  {
    name: 'an SVG with a large picture in it',
    kind: 'drawing',
    file: 'inside.svg',
    content: () => svg(`<image href="data:image/png;base64,${png(16_000, 16_000).toString('base64')}"/>`),
    expected: /^INPUT_UNSUPPORTED: This SVG embeds a picture of 16000 x 16000/,
  },
  {
    name: 'an SVG with an SVG in it',
    kind: 'drawing',
    file: 'nested.svg',
    content: () => svg(`<image href="data:image/svg+xml;base64,PHN2Zy8+"/>`),
    expected: /^INPUT_UNSUPPORTED: This SVG embeds image\/svg\+xml/,
  },
];

describeBombs('pictures that would become large, or show other files', BOMBS);
