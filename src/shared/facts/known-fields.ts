/** Fields that have a meaning of their own: Dublin Core's names, with what forms call them and what they take. */
export const KNOWN_FIELDS = {
  title: { label: 'Title', help: 'what the photo or the collection is called' },
  description: { label: 'Description', help: 'what is to be seen' },
  creator: { label: 'Creator', help: 'who took it, or put it together' },
  date: { label: 'Date', help: 'EDTF: 1994, 1994-05, 1994-05-17, 1994?, 199X, 1994/1996' },
  place: { label: 'Place', help: 'where it is' },
  rights: { label: 'Rights', help: 'an SPDX id such as CC-BY-4.0, or an address of rightsstatements.org' },
  source: { label: 'Source', help: 'where it comes from: an archive, a signature' },
  keywords: { label: 'Keywords', help: 'words to find it by' },
  notes: { label: 'Notes', help: 'anything else' },
} as const;
export type KnownField = keyof typeof KNOWN_FIELDS;
