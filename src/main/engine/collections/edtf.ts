/** Dates of the Extended Date/Time Format, levels 0 and 1 (ISO 8601-2, loc.gov/standards/datetime). */

const QUALIFIED = /^(.*?)([?~%]?)$/s;

function daysOf(year: number, month: number): number {
  return month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31;
}

/** A time of level 0: `T12:30:00`, `T12:30:00Z`, `T12:30:00+02:00`. */
function isTime(text: string): boolean {
  const m = /^(\d\d):(\d\d):(\d\d)(Z|[+-](\d\d)(?::(\d\d))?)?$/.exec(text);
  if (m === null) return false;
  const [, h, min, s, , zh = '0', zm = '0'] = m;
  const midnight = h === '24' && min === '00' && s === '00';
  return (midnight || Number(h) <= 23) && Number(min) <= 59 && Number(s) <= 59 && Number(zh) <= 14 && Number(zm) <= 59;
}

/** A date without qualification: year, month, day, a season, or digits that are not known (X) at its end. */
function isPlain(text: string): boolean {
  if (/^Y-?\d{5,}$/.test(text)) return /^Y-?[1-9]/.test(text);
  const m = /^(-?)(\d{4}|\d{3}X|\d{2}XX)(?:-(\d\d|XX)(?:-(\d\d|XX))?)?$/.exec(text);
  if (m === null) return false;
  const [, minus, year, month, day] = m;
  // ISO 8601 has the year 0000, and no minus before it.
  if (minus === '-' && year === '0000') return false;
  if (month === undefined) return true;
  if (year!.includes('X')) return month === 'XX' && (day === undefined || day === 'XX');
  if (month === 'XX') return day === undefined || day === 'XX';
  const number = Number(month);
  if (day === undefined) return (number >= 1 && number <= 12) || (number >= 21 && number <= 24);
  if (number < 1 || number > 12) return false;
  return day === 'XX' || (Number(day) >= 1 && Number(day) <= daysOf(Number(year), number));
}

function isQualified(text: string): boolean {
  const [, plain = ''] = QUALIFIED.exec(text) ?? [];
  return isPlain(plain);
}

/** True for a date of EDTF level 0 or 1. */
export function isDate(text: string): boolean {
  const at = text.indexOf('T');
  if (at > 0)
    return /^-?\d{4}-\d\d-\d\d$/.test(text.slice(0, at)) && isPlain(text.slice(0, at)) && isTime(text.slice(at + 1));
  const slash = text.indexOf('/');
  if (slash < 0) return isQualified(text);
  const [from, to] = [text.slice(0, slash), text.slice(slash + 1)];
  const end = (side: string): boolean => side === '' || side === '..' || isQualified(side);
  // A span that is open or unknown at both ends says nothing.
  return end(from) && end(to) && (isQualified(from) || isQualified(to));
}
