/** XML of strangers as a tree: elements, attributes and text with their namespaces. Nothing is fetched, and no entity is declared. */

/** An element. Names are `{namespace}local`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it. */
  readonly text: string;
}

interface Open {
  readonly tag: string;
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  readonly spaces: ReadonlyMap<string, string>;
  text: string;
}

const MOST_DEPTH = 64;
const MOST_ELEMENTS = 200_000;
const XML_SPACE = 'http://www.w3.org/XML/1998/namespace';
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s<>/="'!?]+)((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>|<|[^<]+/g;
const ATTRIBUTE = /([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Reads XML. @returns undefined for what is none: a document type, an unknown entity, what is not closed, nested too deeply or too long. */
export function parseXml(text: string): XmlElement | undefined {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) return undefined;
  const open: Open[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  try {
    for (const token of text.matchAll(TOKEN)) {
      const [whole, cdata, slash, tag, attributes = '', alone] = token;
      const above = open.at(-1);
      if (whole === '<') return undefined;
      if (tag === undefined) {
        if (cdata !== undefined) {
          if (above !== undefined) above.text += cdata;
        } else if (!whole.startsWith('<') && above !== undefined) above.text += plain(whole);
        continue;
      }
      if (slash === '/') {
        if (above?.tag !== tag) return undefined;
        open.pop();
        const done: XmlElement = above;
        const parent = open.at(-1);
        if (parent === undefined) {
          if (root !== undefined) return undefined;
          root = done;
        } else parent.children.push(done);
        continue;
      }
      elements += 1;
      if (elements > MOST_ELEMENTS || open.length >= MOST_DEPTH) return undefined;
      const made = begin(tag, attributes, above?.spaces ?? new Map([['xml', XML_SPACE]]));
      if (alone !== '/') open.push(made);
      else if (above === undefined) {
        if (root !== undefined) return undefined;
        root = made;
      } else above.children.push(made);
    }
  } catch (error) {
    if (error instanceof UnknownEntity) return undefined;
    throw error;
  }
  return open.length === 0 ? root : undefined;
}

class UnknownEntity extends Error {}

function begin(tag: string, text: string, above: ReadonlyMap<string, string>): Open {
  const found: [string, string][] = [];
  let spaces = above;
  for (const [, key = '', double, single] of text.matchAll(ATTRIBUTE)) {
    const value = plain(double ?? single ?? '');
    if (key === 'xmlns' || key.startsWith('xmlns:')) {
      if (spaces === above) spaces = new Map(above);
      (spaces as Map<string, string>).set(key === 'xmlns' ? '' : key.slice(6), value);
    } else found.push([key, value]);
  }
  const full = (name: string, own: boolean): string => {
    const colon = name.indexOf(':');
    if (colon < 0) return own && spaces.has('') ? `{${spaces.get('')!}}${name}` : name;
    return `{${spaces.get(name.slice(0, colon)) ?? ''}}${name.slice(colon + 1)}`;
  };
  const attributes = new Map(found.map(([key, value]) => [full(key, false), value]));
  return { tag, name: full(tag, true), attributes, children: [], spaces, text: '' };
}

function plain(text: string): string {
  return text
    .replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w+);/g, (_, name: string) => {
      const code = name.startsWith('#x')
        ? parseInt(name.slice(2), 16)
        : name.startsWith('#')
          ? Number(name.slice(1))
          : -1;
      if (code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return String.fromCodePoint(code);
      const known = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
      if (known === undefined) throw new UnknownEntity(name);
      return known;
    })
    .replaceAll('\r\n', '\n');
}
