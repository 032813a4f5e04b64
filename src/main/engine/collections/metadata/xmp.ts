/** What an XMP packet says of a photo (ISO 16684-1, IPTC Core and Extension), as fields. */
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import { isKnownRights } from '../rights.ts';
import { edtfOf } from './dates.ts';
import { parseXml, type XmlElement } from './xml.ts';
import { OWN_NAMESPACE } from './xmp-write.ts';

const RDF = '{http://www.w3.org/1999/02/22-rdf-syntax-ns#}';
const DC = '{http://purl.org/dc/elements/1.1/}';
const PHOTOSHOP = '{http://ns.adobe.com/photoshop/1.0/}';
const XMP = '{http://ns.adobe.com/xap/1.0/}';
const RIGHTS = '{http://ns.adobe.com/xap/1.0/rights/}';
const CC = ['{http://creativecommons.org/ns#}', '{http://web.resource.org/cc/}'];
const CORE = '{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}';
const EXT = '{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}';
const EXIF = '{http://ns.adobe.com/exif/1.0/}';
const OWN = `{${OWN_NAMESPACE}}`;
const LANGUAGE = '{http://www.w3.org/XML/1998/namespace}lang';

const MOST_BYTES = 8 << 20;
const MOST_VALUES = 1000;
const LONGEST = 10_000;

/** A property: a text, or several, or a structure. */
interface Property {
  readonly values: readonly string[];
  /** Elements of a list or the element itself, for structures. */
  readonly items: readonly XmlElement[];
}

/** Text of a packet, in the encoding that its first bytes tell. */
function textOf(bytes: Buffer): string | undefined {
  const [a, b] = bytes;
  const encoding =
    (a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)
      ? 'utf-16be'
      : (a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)
        ? 'utf-16le'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Fields of a packet; undefined for what is no XMP. */
export function readXmp(packet: Buffer): FieldValues | undefined {
  if (packet.length > MOST_BYTES) return undefined;
  // Packets are padded, and writers leave zeros behind.
  const text = textOf(packet)
    ?.replace(/\0+\s*$/, '')
    .trim();
  const root = text === undefined ? undefined : parseXml(text);
  const rdf = root === undefined ? undefined : find(root, `${RDF}RDF`);
  if (rdf === undefined) return undefined;
  const properties = new Map<string, Property>();
  for (const d of rdf.children.filter((c) => c.name === `${RDF}Description`)) {
    for (const [name, value] of d.attributes)
      if (!name.startsWith(RDF)) add(properties, name, { values: [value], items: [] });
    for (const c of d.children) add(properties, c.name, propertyOf(c));
  }
  return fieldsOf(properties);
}

function add(to: Map<string, Property>, name: string, property: Property): void {
  if (!to.has(name)) to.set(name, property);
}

function find(e: XmlElement, name: string): XmlElement | undefined {
  if (e.name === name) return e;
  for (const c of e.children) {
    const found = find(c, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function propertyOf(e: XmlElement): Property {
  const list = e.children.find((c) => [`${RDF}Alt`, `${RDF}Seq`, `${RDF}Bag`].includes(c.name));
  if (list === undefined) {
    const resource = e.attributes.get(`${RDF}resource`);
    return { values: e.children.length > 0 ? [] : [resource ?? e.text], items: [e] };
  }
  const items = list.children.filter((c) => c.name === `${RDF}li`);
  const values = items.map((li) => li.attributes.get(`${RDF}resource`) ?? li.text);
  if (list.name !== `${RDF}Alt`) return { values, items };
  // Of languages, the one that is meant for those who say none.
  const at = items.findIndex((li) => li.attributes.get(LANGUAGE)?.toLowerCase() === 'x-default');
  return { values: values.slice(Math.max(0, at), Math.max(0, at) + 1), items };
}

/** A member of a structure, however it is written. */
function member(structure: XmlElement, name: string): string | undefined {
  const held = structure.children.find((c) => c.name === `${RDF}Description`) ?? structure;
  const attribute = held.attributes.get(name);
  if (attribute !== undefined) return attribute;
  const child = held.children.find((c) => c.name === name);
  return child === undefined ? undefined : propertyOf(child).values[0];
}

function clean(values: readonly (string | undefined)[]): string[] {
  const out = new Set<string>();
  for (const v of values) {
    const text = v?.replaceAll('\0', '').trim().slice(0, LONGEST) ?? '';
    if (text !== '') out.add(text);
  }
  return [...out].slice(0, MOST_VALUES);
}

function fieldsOf(properties: ReadonlyMap<string, Property>): FieldValues {
  const values = (name: string): string[] => clean(properties.get(name)?.values ?? []);
  const first = (...names: string[]): string[] => names.map(values).find((v) => v.length > 0) ?? [];
  const fields: Record<string, readonly string[]> = {};
  const put = (name: string, found: readonly string[]): void => {
    if (found.length > 0) fields[name] = found;
  };
  put('title', first(`${DC}title`, `${PHOTOSHOP}Headline`));
  put('description', values(`${DC}description`));
  put('creator', values(`${DC}creator`));
  const dates = [`${PHOTOSHOP}DateCreated`, `${XMP}CreateDate`, `${EXIF}DateTimeOriginal`].map(values);
  const date = dates.map((d) => edtfOf(d[0] ?? '')).find((d) => d !== undefined);
  put('date', clean([date]));
  put('place', placeOf(properties, values));
  const licence = [...CC.map((c) => `${c}license`), `${RIGHTS}WebStatement`].flatMap(values).find(isKnownRights);
  put('rights', clean([licence, ...values(`${DC}rights`)]));
  put('source', first(`${PHOTOSHOP}Source`, `${DC}source`));
  put('keywords', values(`${DC}subject`));
  // What Covis wrote itself, which is exact.
  for (const item of properties.get(`${OWN}fields`)?.items ?? []) {
    const name = member(item, `${OWN}name`)?.trim() ?? '';
    const held = item.children.find((c) => c.name === `${OWN}values`);
    const told =
      held === undefined
        ? []
        : propertyOf(held)
            .values.filter((v) => v !== '')
            .slice(0, MOST_VALUES);
    if (name !== '' && name.length <= 100 && told.length > 0 && told.every((v) => v.length <= LONGEST))
      fields[name] = told;
  }
  return fields;
}

function placeOf(properties: ReadonlyMap<string, Property>, values: (name: string) => string[]): string[] {
  const core = [`${CORE}Location`, `${PHOTOSHOP}City`, `${PHOTOSHOP}State`, `${PHOTOSHOP}Country`].map(
    (n) => values(n)[0],
  );
  const joined = clean(core).join(', ');
  if (joined !== '') return [joined];
  for (const name of [`${EXT}LocationShown`, `${EXT}LocationCreated`]) {
    const found = (properties.get(name)?.items ?? []).map((item) =>
      clean(['Sublocation', 'City', 'ProvinceState', 'CountryName'].map((m) => member(item, `${EXT}${m}`))).join(', '),
    );
    if (clean(found).length > 0) return clean(found);
  }
  return [];
}
