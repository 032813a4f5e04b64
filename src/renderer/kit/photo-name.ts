/** What a photo is to the question that was asked. */
export type PhotoVerdict = 'query' | 'true' | 'false' | 'junk';

const VERDICTS: Readonly<Record<PhotoVerdict, string>> = {
  query: 'query',
  true: 'true',
  false: 'false',
  junk: 'not counted',
};

/** A photo's name with its states, as a screen reader says it: “a.jpg, true, chosen, 3 folded”. Empty for a photo without a name and state. */
export function spoken(o: {
  readonly alt: string;
  readonly chosen?: boolean | undefined;
  readonly collected?: boolean | undefined;
  readonly folded?: number | undefined;
  readonly verdict?: PhotoVerdict | undefined;
  readonly missing?: boolean | undefined;
  readonly unreadable?: boolean | undefined;
}): string {
  return [
    o.alt,
    o.missing === true ? 'missing' : o.unreadable === true ? 'cannot be read' : '',
    o.verdict === undefined ? '' : VERDICTS[o.verdict],
    o.chosen === true ? 'chosen' : '',
    o.collected === true ? 'in the collection' : '',
    (o.folded ?? 0) > 0 ? `${o.folded} folded under it` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
