/** Lists of digests: what `sha256sum -c` and bagit-python read. */
import { counted } from '../../../../shared/counted.ts';
import { BAG_INFO, BAGIT, MANIFEST, PAYLOAD, TAG_MANIFEST } from './names.ts';
import type { FileDigest } from './digests.ts';
import type { Exporting, FormatWriter } from './material.ts';

/** Lines `sha256  path`, sorted by path. */
export function manifestText(files: Iterable<readonly [string, FileDigest]>): string {
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([path, { sha256 }]) => `${sha256}  ${path}\n`)
    .join('');
}

/** `README.txt` of a folder. */
function readme({ record, formats, options }: Exporting): string {
  const { name, version, digest, holds, author, created } = record;
  const photos = {
    copy: 'The photos are copies.',
    'hard-link': 'The photos are second names of files on the same disk: what changes one changes the other.',
    link: 'The photos are links to where they lie: take them along, or export copies.',
    none: 'The photos are not here: sha256 in the tables tells which they are.',
    inside: 'The photos are inside the files of the formats.',
  }[record.photos.placed];
  return `${[
    `${name}, version ${version}`,
    '',
    `${counted(holds.items, 'photo')}. By ${author === '' ? 'an unnamed author' : author}, ${created.slice(0, 10)}.`,
    `Digest of the version: ${digest}`,
    ...(holds.digest === digest
      ? []
      : [
          `Of near duplicates ${holds.folds === 'best' ? 'the best alone is' : 'none is'} here; digest of what is here: ${holds.digest}`,
        ]),
    photos,
    ...(record.photos.longSide === null
      ? []
      : [`Photos were made smaller: at most ${record.photos.longSide} pixels on the long side.`]),
    ...(record.photos.gps === 'removed' ? ['Coordinates of where photos were taken were removed.'] : []),
    '',
    'To verify that nothing is missing or changed:',
    '  sha256sum --strict --quiet -c manifest-sha256.txt       (Linux; macOS: shasum -a 256 -c)',
    '  covis collection verify .                               (also what is extra, moved or can be repaired)',
    '',
    'collection.json  what this version is',
    ...(formats.has('folder') || formats.has('csv') ? ['items.csv        a row a photo'] : []),
    'items.jsonl      the same as JSON',
    ...(formats.has('gallery') ? ['index.html       the gallery: open it in a browser; it needs no network'] : []),
    ...(formats.has('croissant') ? ['croissant.json   for loaders of machine learning (MLCommons Croissant)'] : []),
    ...(formats.has('ro-crate') ? ['ro-crate-metadata.json  for repositories of research data (RO-Crate 1.2)'] : []),
    ...(options.sidecars ? ['*.xmp            what is said of each photo, for other programs'] : []),
  ].join('\n')}\n`;
}

export const writeReadme: FormatWriter = async (x) => {
  // A bag says by itself how it is verified.
  if (!x.formats.has('bagit')) await x.tree.write('README.txt', readme(x));
};

/** The manifest of everything that is not a bag. */
export const sealFolder: FormatWriter = async ({ tree }) => {
  await tree.write(MANIFEST, manifestText(tree.files));
};

/** A bag (RFC 8493): the payload is in `data/` by now. */
export const sealBag: FormatWriter = async ({ tree, record }) => {
  const payload = [...tree.files].filter(([path]) => path.startsWith(`${PAYLOAD}/`));
  const bytes = payload.reduce((n, [, f]) => n + f.bytes, 0);
  const line = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const description = record.fields['description']?.[0] ?? '';
  const info: readonly (readonly [string, string])[] = [
    ['Bagging-Date', new Date().toISOString().slice(0, 10)],
    ['Bag-Software-Agent', record.software],
    ['External-Identifier', `urn:sha256:${record.digest}`],
    [
      'External-Description',
      `${record.name}, version ${record.version}${description === '' ? '' : `: ${description}`}`,
    ],
    ['Contact-Name', record.author],
    ['Payload-Oxum', `${bytes}.${payload.length}`],
  ];
  const tags: readonly (readonly [string, string])[] = [
    [BAGIT, 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'],
    [
      BAG_INFO,
      info
        .filter(([, value]) => line(value) !== '')
        .map(([label, value]) => `${label}: ${line(value)}\n`)
        .join(''),
    ],
    [MANIFEST, manifestText(payload)],
  ];
  for (const [path, text] of tags) await tree.write(path, text, true);
  await tree.write(
    TAG_MANIFEST,
    manifestText([...tree.files].filter(([path]) => !path.startsWith(`${PAYLOAD}/`))),
    true,
  );
};
