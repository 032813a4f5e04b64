/** What IPTC-IIM (version 4.2) says of a photo, as fields. */
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import { edtfOf } from './dates.ts';

const MARK = 0x1c;
const EXTENDED = 0x8000;
const LONGEST = 10_000;
const MOST_VALUES = 1000;
const UTF8 = '\x1b%G';

/** Values by `record:dataset`, as bytes. */
function datasets(bytes: Buffer): Map<string, Buffer[]> {
  const found = new Map<string, Buffer[]>();
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === MARK;) {
    const key = `${bytes[at + 1]!}:${bytes[at + 2]!}`;
    let length = bytes.readUInt16BE(at + 3);
    let from = at + 5;
    if (length >= EXTENDED) {
      const digits = length - EXTENDED;
      if (digits < 1 || digits > 4 || from + digits > bytes.length) break;
      length = bytes.readUIntBE(from, digits);
      from += digits;
    }
    if (from + length > bytes.length) break;
    const list = found.get(key) ?? [];
    if (list.length < MOST_VALUES) list.push(bytes.subarray(from, from + length));
    found.set(key, list);
    at = from + length;
  }
  return found;
}

/** Text that says its encoding, else UTF-8 where it is that, else what Windows wrote. */
function decoder(found: ReadonlyMap<string, readonly Buffer[]>): (bytes: Buffer) => string {
  const coded = found.get('1:90')?.[0]?.toString('latin1');
  const strict = new TextDecoder('utf-8', { fatal: true });
  const windows = new TextDecoder('windows-1252');
  return (bytes) => {
    try {
      return strict.decode(bytes);
    } catch {
      return coded === UTF8 ? new TextDecoder('utf-8').decode(bytes) : windows.decode(bytes);
    }
  };
}

/** Fields of a block; none for what is no IPTC. */
export function readIptc(bytes: Buffer): FieldValues {
  const found = datasets(bytes);
  const decode = decoder(found);
  const values = (dataset: number): string[] => {
    const texts = (found.get(`2:${dataset}`) ?? []).map((b) => decode(b).replaceAll('\0', '').trim().slice(0, LONGEST));
    return [...new Set(texts.filter((t) => t !== ''))];
  };
  const fields: Record<string, readonly string[]> = {};
  const put = (name: string, list: readonly string[]): void => {
    if (list.length > 0) fields[name] = list;
  };
  const first = (...numbers: number[]): string[] =>
    numbers
      .map(values)
      .find((v) => v.length > 0)
      ?.slice(0, 1) ?? [];
  put('title', first(5, 105));
  put('description', first(120));
  put('creator', values(80));
  const day = /^(\d{4})(\d\d)(\d\d)$/.exec(values(55)[0] ?? '');
  const time = /^(\d\d)(\d\d)(\d\d)([+-]\d{4})?$/.exec(values(60)[0] ?? '');
  if (day !== null) {
    const clock = time === null ? '' : `T${time[1]!}:${time[2]!}:${time[3]!}${time[4] ?? ''}`;
    const date = edtfOf(`${day.slice(1).join('-')}${clock}`);
    if (date !== undefined) put('date', [date]);
  }
  const place = [92, 90, 95, 101].flatMap((n) => values(n).slice(0, 1));
  put('place', place.length === 0 ? [] : [[...new Set(place)].join(', ')]);
  put('rights', first(116));
  put('source', first(115));
  put('keywords', values(25));
  return fields;
}
