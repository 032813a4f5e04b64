/** `ro-crate-metadata.json`: RO-Crate 1.2, one graph of the collection, its tables and its photos. */
import { effectiveFields } from './items.ts';
import type { FormatWriter } from './material.ts';
import { asAddress, mediaType } from './media.ts';
import { rightsAddress, saidOf } from './said.ts';
import { jsonText } from './tables.ts';

export const RO_CRATE = 'ro-crate-metadata.json';
const TABLES: Readonly<Record<string, string>> = {
  'collection.json': 'What this version of the collection is',
  'items.csv': 'A row a photo',
  'items.jsonl': 'A row a photo, as JSON',
  'croissant.json': 'Description for loaders of machine learning (MLCommons Croissant)',
  'metadata.jsonl': 'Fields of the photos as Hugging Face reads them',
  'index.html': 'Gallery',
  'coco.json': 'Images in the form of COCO',
  'README.txt': 'How to verify this folder',
  'README.md': 'What this data set is',
};
/** Dates that other programs can read; the others stand in the tables. */
const PLAIN_DATE = /^\d{4}(-\d\d(-\d\d)?)?$/;

type Entity = { readonly '@id': string } & Readonly<Record<string, unknown>>;

/** Things that several speak of, each once. */
class Others {
  readonly #byKey = new Map<string, Entity>();

  refer(type: 'Person' | 'Place', name: string): { '@id': string } {
    const key = `${type} ${name}`;
    const known = this.#byKey.get(key);
    const entity = known ?? { '@id': `#${type.toLowerCase()}-${this.#byKey.size + 1}`, '@type': type, name };
    this.#byKey.set(key, entity);
    return { '@id': entity['@id'] };
  }

  licence(rights: string): { '@id': string } {
    const key = `licence ${rights}`;
    const known = this.#byKey.get(key);
    const id = rightsAddress(rights) ?? `#rights-${this.#byKey.size + 1}`;
    const entity = known ?? { '@id': id, '@type': 'CreativeWork', name: rights };
    this.#byKey.set(key, entity);
    return { '@id': entity['@id'] };
  }

  /** Two ways to write the same address are one thing. */
  all(): Entity[] {
    return [...new Map([...this.#byKey.values()].map((e) => [e['@id'], e])).values()];
  }
}

export const writeRoCrate: FormatWriter = async ({ tree, items, record }) => {
  const said = saidOf(record);
  const others = new Others();
  const tables = Object.keys(TABLES).filter((name) => tree.digest(name) !== undefined);
  const file = (path: string): { sha256: string; contentSize: string; encodingFormat: string } => {
    const { sha256, bytes } = tree.digest(path)!;
    return { sha256, contentSize: String(bytes), encodingFormat: mediaType(path) };
  };
  const photos = items.map((item): Entity => {
    const { path } = item.entry;
    const f = effectiveFields(item.entry.fields, record.fields);
    const date = f['date']?.find((d) => PLAIN_DATE.test(d));
    return {
      '@id': asAddress(path),
      '@type': ['File', 'ImageObject'],
      name: f['title']?.[0] ?? path.slice(path.lastIndexOf('/') + 1),
      ...file(path),
      width: item.file.width,
      height: item.file.height,
      ...(f['description'] === undefined ? {} : { description: f['description'].join('\n\n') }),
      ...(f['creator'] === undefined ? {} : { creator: f['creator'].map((n) => others.refer('Person', n)) }),
      ...(date === undefined ? {} : { dateCreated: date }),
      ...(f['place'] === undefined ? {} : { contentLocation: f['place'].map((n) => others.refer('Place', n)) }),
      ...(f['rights'] === undefined ? {} : { license: f['rights'].map((r) => others.licence(r)) }),
      ...(f['keywords'] === undefined ? {} : { keywords: f['keywords'].join(', ') }),
      ...(f['source'] === undefined ? {} : { creditText: f['source'].join('; ') }),
    };
  });
  const root: Entity = {
    '@id': './',
    '@type': 'Dataset',
    name: said.title,
    description: said.description,
    identifier: said.identifier,
    version: said.version,
    datePublished: said.published,
    license: others.licence(record.fields['rights']?.[0] ?? said.licence),
    ...(said.creators.length === 0 ? {} : { creator: said.creators.map((n) => others.refer('Person', n)) }),
    ...(said.keywords.length === 0 ? {} : { keywords: said.keywords.join(', ') }),
    creditText: said.citation,
    hasPart: [...tables.map((name) => ({ '@id': name })), ...photos.map((p) => ({ '@id': p['@id'] }))],
  };
  await tree.write(
    RO_CRATE,
    jsonText({
      '@context': 'https://w3id.org/ro/crate/1.2/context',
      '@graph': [
        {
          '@id': RO_CRATE,
          '@type': 'CreativeWork',
          conformsTo: { '@id': 'https://w3id.org/ro/crate/1.2' },
          about: { '@id': './' },
        },
        root,
        ...tables.map((name) => ({ '@id': name, '@type': 'File', name: TABLES[name], ...file(name) })),
        ...photos,
        ...others.all(),
      ],
    }),
  );
};
