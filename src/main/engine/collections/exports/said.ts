/** What a version says of itself as a whole, in the words of catalogues. */
import type { CollectionRecord } from '../../../../shared/exports/collections/record.ts';
import { counted } from '../../../../shared/counted.ts';

/** Nobody said what may be done with these photos: rightsstatements.org has an address for that. */
const NOT_EVALUATED = 'http://rightsstatements.org/vocab/CNE/1.0/';

/** The address of rights: an SPDX id as its page, an address as it is; undefined for words. */
export function rightsAddress(rights: string): string | undefined {
  if (/^https?:\/\/\S+$/.test(rights)) return rights;
  return /^[A-Za-z0-9][A-Za-z0-9.+-]*-[A-Za-z0-9.+-]+$/.test(rights)
    ? `https://spdx.org/licenses/${rights}`
    : undefined;
}

/** Facts of a collection that catalogues ask for. */
export function saidOf(record: CollectionRecord): {
  readonly title: string;
  readonly description: string;
  readonly creators: readonly string[];
  /** Address or words. */
  readonly licence: string;
  readonly keywords: readonly string[];
  readonly published: string;
  readonly citation: string;
  readonly identifier: string;
  readonly version: string;
} {
  const { fields, author, name, holds, created, version, digest } = record;
  const title = fields['title']?.[0] ?? name;
  const creators = fields['creator'] ?? (author === '' ? [] : [author]);
  const rights = fields['rights']?.[0];
  const by = creators.length === 0 ? '' : `${creators.join(', ')}: `;
  return {
    title,
    description:
      fields['description']?.join('\n\n') ?? `${counted(holds.items, 'photo')}, version ${version} of ${name}.`,
    creators,
    licence: rights === undefined ? NOT_EVALUATED : (rightsAddress(rights) ?? rights),
    keywords: fields['keywords'] ?? [],
    published: created.slice(0, 10),
    citation: `${by}${title}, version ${version}. SHA-256 ${digest}.`,
    identifier: `urn:sha256:${digest}`,
    version: `${version}.0.0`,
  };
}
