/** Statements of rights that programs know. */

/** SPDX ids of licences that are given to works such as photos and texts, and of those of software that are met there. */
const SPDX = new Set(
  `CC0-1.0 CC-PDDC PDDL-1.0 ODbL-1.0 ODC-By-1.0 GFDL-1.1 GFDL-1.2 GFDL-1.3 GFDL-1.1-only GFDL-1.2-only GFDL-1.3-only GFDL-1.1-or-later
  GFDL-1.2-or-later GFDL-1.3-or-later FAL-1.2 LAL-1.3 Unlicense WTFPL MIT Apache-2.0 BSD-2-Clause BSD-3-Clause 0BSD ISC OGL-UK-1.0 OGL-UK-2.0
  OGL-UK-3.0 OGL-Canada-2.0 etalab-2.0 DL-DE-BY-2.0 DL-DE-ZERO-2.0 CDLA-Permissive-1.0 CDLA-Permissive-2.0 CDLA-Sharing-1.0 NLOD-1.0 NLOD-2.0
  LPL-1.02 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later`.split(/\s+/),
);
const CREATIVE_COMMONS = /^CC-BY(-NC)?(-SA|-ND)?-(1\.0|2\.0|2\.5|3\.0|4\.0)(-(AT|AU|DE|FR|IGO|NL|US|UK|JP))?$/;
const STATEMENTS =
  /^https?:\/\/rightsstatements\.org\/(vocab|page)\/(InC|InC-OW-EU|InC-EDU|InC-NC|InC-RUU|NoC-CR|NoC-NC|NoC-OKLR|NoC-US|CNE|UND|NKC)\/1\.0\/$/;
const DEED =
  /^https?:\/\/creativecommons\.org\/(licenses\/(by|by-sa|by-nd|by-nc|by-nc-sa|by-nc-nd)\/(1\.0|2\.0|2\.5|3\.0|4\.0)|publicdomain\/(zero|mark)\/1\.0)\/$/;

/** True for an SPDX id, an address of rightsstatements.org, or one of Creative Commons. */
export function isKnownRights(text: string): boolean {
  return SPDX.has(text) || CREATIVE_COMMONS.test(text) || STATEMENTS.test(text) || DEED.test(text);
}

/** What is said of rights that no program knows; undefined for those that are known. They are kept as they are. */
export function rightsNote(text: string): string | undefined {
  if (isKnownRights(text)) return undefined;
  return `Rights "${text}" are kept as words: programs know SPDX ids such as CC-BY-4.0 and addresses of rightsstatements.org`;
}
