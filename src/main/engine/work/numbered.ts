const SHOWN = 3;

/** `mining runs 1, 2, 3 and 5 more`; nothing for none. */
export function numbered(what: string, numbers: readonly number[]): string[] {
  if (numbers.length === 0) return [];
  const more = numbers.length > SHOWN ? ` and ${numbers.length - SHOWN} more` : '';
  return [`${what}${numbers.length === 1 ? '' : 's'} ${numbers.slice(0, SHOWN).join(', ')}${more}`];
}
