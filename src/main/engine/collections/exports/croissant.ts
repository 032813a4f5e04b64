/** `croissant.json`: Croissant 1.1 of MLCommons, keeping to what 1.0 has. */
import { mediaType } from './media.ts';
import type { FormatWriter } from './material.ts';
import { ITEMS_CSV } from './names.ts';
import { saidOf } from './said.ts';
import { jsonText } from './tables.ts';

const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  description: { '@container': '@language' },
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  name: { '@container': '@language' },
  parentField: 'cr:parentField',
  path: 'cr:path',
  rai: 'http://mlcommons.org/croissant/RAI/',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
} as const;

const NUMBERS: ReadonlySet<string> = new Set(['bytes', 'width', 'height', 'position']);
const MEANT: Readonly<Record<string, string>> = {
  file_name: 'Path from this folder.',
  sha256: 'SHA-256 of the file.',
  position: 'From 0, in the order of the collection.',
  original_sha256: "SHA-256 of the library's photo, of which this file was made.",
  folded_under: 'SHA-256 of the photo of which this is a near duplicate.',
  provenance: 'How it came into the collection, as JSON.',
  own_fields: 'Fields that were said of this photo itself; others hold for the collection.',
};

export const writeCroissant: FormatWriter = async ({ tree, items, columns, record, options }) => {
  const table = tree.digest(ITEMS_CSV)!;
  const said = saidOf(record);
  /** An id has no spaces, and a column may have any name. */
  const idOf = (set: string, column: string): string =>
    `${set}/${/^[\w.-]+$/.test(column) ? column : `column-${columns.names.indexOf(column)}`}`;
  const field = (set: string, column: string): object => ({
    '@type': 'cr:Field',
    '@id': idOf(set, column),
    name: column,
    ...(Object.hasOwn(MEANT, column) ? { description: MEANT[column]! } : {}),
    dataType: NUMBERS.has(column) ? 'cr:Int64' : 'sc:Text',
    source: { fileObject: { '@id': ITEMS_CSV }, extract: { column } },
  });
  const endings = [...new Set(items.map((i) => /\.[^./]+$/.exec(i.entry.path)?.[0] ?? ''))].sort();
  await tree.write(
    'croissant.json',
    jsonText({
      '@context': CONTEXT,
      '@type': 'sc:Dataset',
      conformsTo: 'http://mlcommons.org/croissant/1.1',
      name: said.title,
      description: said.description,
      license: said.licence,
      url: said.identifier,
      version: said.version,
      datePublished: said.published,
      ...(said.creators.length === 0 ? {} : { creator: said.creators.map((name) => ({ '@type': 'sc:Person', name })) }),
      ...(said.keywords.length === 0 ? {} : { keywords: said.keywords }),
      citeAs: said.citation,
      isLiveDataset: false,
      distribution: [
        {
          '@type': 'cr:FileObject',
          '@id': ITEMS_CSV,
          name: ITEMS_CSV,
          description: 'A row a photo.',
          contentUrl: ITEMS_CSV,
          contentSize: `${table.bytes} B`,
          encodingFormat: 'text/csv',
          sha256: table.sha256,
        },
        {
          '@type': 'cr:FileSet',
          '@id': 'photos',
          name: 'photos',
          description: 'SHA-256 of each is in items.csv.',
          encodingFormat: [...new Set(items.map((i) => mediaType(i.entry.path)))].sort(),
          // In these globs a star crosses folders. Sidecars are no photos.
          includes: options.sidecars ? endings.map((e) => `photos/*${e}`) : 'photos/**',
        },
      ],
      recordSet: [
        {
          '@type': 'cr:RecordSet',
          '@id': 'items',
          name: 'items',
          description: 'What is said of each photo.',
          key: { '@id': 'items/file_name' },
          field: columns.names.map((c) => field('items', c)),
        },
        {
          '@type': 'cr:RecordSet',
          '@id': 'images',
          name: 'images',
          description: 'The photos with their fields.',
          key: { '@id': 'images/file_name' },
          field: [
            {
              '@type': 'cr:Field',
              '@id': 'images/file_name',
              name: 'file_name',
              dataType: 'sc:Text',
              references: { fileObject: { '@id': ITEMS_CSV }, extract: { column: 'file_name' } },
              source: {
                fileSet: { '@id': 'photos' },
                extract: { fileProperty: 'fullpath' },
                // Without it the path is no text there, and nothing is joined.
                transform: { regex: '^(photos/.+)$' },
              },
            },
            {
              '@type': 'cr:Field',
              '@id': 'images/image',
              name: 'image',
              dataType: 'sc:ImageObject',
              source: { fileSet: { '@id': 'photos' }, extract: { fileProperty: 'content' } },
            },
            ...[...columns.fields.keys()].map((c) => field('images', c)),
          ],
        },
      ],
    }),
  );
};
