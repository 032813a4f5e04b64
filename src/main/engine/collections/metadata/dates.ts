import { isDate } from '../edtf.ts';

/** A date of XMP (ISO 8601, possibly with a time of any precision) as EDTF; undefined for what is none. */
export function edtfOf(text: string): string | undefined {
  const parts = /^(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text.trim());
  if (parts === null) return isDate(text.trim()) ? text.trim() : undefined;
  const [, day = '', minute, second = ':00', zone = ''] = parts;
  // Cameras without a clock write zeros.
  const known = day.replace(/(-00)+$/, '');
  if (/^0000/.test(known)) return undefined;
  const time =
    minute === undefined || known.length < 10
      ? ''
      : `T${minute}${second}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`;
  if (isDate(known + time)) return known + time;
  return isDate(known) ? known : undefined;
}
