/** What is said of a photo as an XMP packet (ISO 16684-1), which other programs read beside the photo. */
import type { FieldValues } from '../../../../shared/facts/collections.ts';

/** Namespace of fields that no other has a name for. */
export const OWN_NAMESPACE = 'https://covis.invalid/ns/fields/1.0/';

/** Text as XML has it. Characters that XML cannot hold become the sign for what is not known. */
export function xmlText(text: string): string {
  return (
    text
      .toWellFormed()
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\r', '&#13;')
  );
}

const list = (name: string, kind: 'Alt' | 'Seq' | 'Bag', values: readonly string[]): string => {
  const language = kind === 'Alt' ? ' xml:lang="x-default"' : '';
  return `   <${name}>\n    <rdf:${kind}>\n${values.map((v) => `     <rdf:li${language}>${xmlText(v)}</rdf:li>\n`).join('')}    </rdf:${kind}>\n   </${name}>\n`;
};
const simple = (name: string, value: string): string => `   <${name}>${xmlText(value)}</${name}>\n`;

/** Dates that XMP knows: ISO 8601. Others stand under {@link OWN_NAMESPACE} alone. */
const ISO = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/**
 * A packet with these fields. Text that may have languages is one text there, so that further values of a title or a description, like
 * fields of a person's own and dates that are no ISO 8601, stand under a namespace of Covis, as they are.
 */
export function xmpPacket(fields: FieldValues): string {
  const parts: string[] = [];
  const own: [string, readonly string[]][] = [];
  for (const [name, values] of Object.entries(fields)) {
    const first = values[0]!;
    switch (name) {
      case 'title':
      case 'description':
      case 'rights':
        parts.push(list(`dc:${name}`, 'Alt', [first]));
        if (values.length > 1) own.push([name, values]);
        break;
      case 'creator':
        parts.push(list('dc:creator', 'Seq', values));
        break;
      case 'keywords':
        parts.push(list('dc:subject', 'Bag', values));
        break;
      case 'date':
        if (values.length === 1 && ISO.test(first)) parts.push(simple('photoshop:DateCreated', first));
        else own.push([name, values]);
        break;
      case 'place':
        parts.push(simple('Iptc4xmpCore:Location', first));
        if (values.length > 1) own.push([name, values]);
        break;
      case 'source':
        parts.push(simple('dc:source', first));
        if (values.length > 1) own.push([name, values]);
        break;
      default:
        own.push([name, values]);
    }
  }
  if (own.length > 0)
    parts.push(
      `   <covis:fields>\n    <rdf:Bag>\n${own
        .map(
          ([name, values]) =>
            `     <rdf:li rdf:parseType="Resource">\n      <covis:name>${xmlText(name)}</covis:name>\n      <covis:values>\n       <rdf:Seq>\n${values.map((v) => `        <rdf:li>${xmlText(v)}</rdf:li>\n`).join('')}       </rdf:Seq>\n      </covis:values>\n     </rdf:li>\n`,
        )
        .join('')}    </rdf:Bag>\n   </covis:fields>\n`,
    );
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Covis">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
    xmlns:covis="${OWN_NAMESPACE}">
${parts.join('')}  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>
`;
}
