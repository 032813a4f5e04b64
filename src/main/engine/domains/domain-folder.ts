import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { leftOut, listPhotos, photoFolders } from '../library/photo-files.ts';

/** An image of a domain and class, as indices into the folder's lists. */
export interface DomainImage {
  readonly file: string;
  readonly domain: number;
  readonly label: number;
}

/** A folder of domains, each a folder of classes, each a folder of images. */
export interface DomainFolder {
  readonly domains: readonly string[];
  readonly classes: readonly string[];
  readonly images: readonly DomainImage[];
  /** What was left out and why. */
  readonly warnings: readonly string[];
}

/**
 * Reads the layout `domain/class/image`. Classes that not every domain has are left out and said, because a classifier cannot be judged
 * on what it never saw.
 * @throws CovisError `INPUT_MISSING`, `INPUT_INVALID` with fewer than two domains or two common classes.
 */
export function readDomains(folder: string): DomainFolder {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: folder });
  const warnings: string[] = [];
  const domains = photoFolders(folder);
  const found = domains.map((d) => {
    const classes = new Map<string, string[]>();
    for (const c of photoFolders(join(folder, d))) {
      const listing = listPhotos(join(folder, d, c));
      warnings.push(...leftOut(listing, `${d}/${c}`));
      const images = listing.photos.map((f) => join(c, f));
      // A name in two normal forms of Unicode is one class.
      const name = c.normalize('NFC');
      if (images.length > 0) classes.set(name, [...(classes.get(name) ?? []), ...images]);
    }
    return classes;
  });
  const layout = 'Domains are folders of classes, which are folders of images: photo/dog/1.jpg, sketch/dog/1.png.';
  if (domains.length < 2)
    throw new CovisError('INPUT_INVALID', 'At least two domains are needed', { file: folder, hint: layout });
  const all = [...new Set(found.flatMap((f) => [...f.keys()]))].sort();
  const classes = all.filter((c) => {
    const lacking = domains.filter((_, i) => !found[i]!.has(c));
    if (lacking.length > 0)
      warnings.push(
        `Class ${c} is left out: ${lacking.join(', ')} ${lacking.length === 1 ? 'has' : 'have'} no image of it`,
      );
    return lacking.length === 0;
  });
  if (classes.length < 2)
    throw new CovisError('INPUT_INVALID', `The domains ${domains.join(', ')} have fewer than two classes in common`, {
      file: folder,
      hint: layout,
    });
  const images = domains.flatMap((d, domain) =>
    classes.flatMap((c, label) => found[domain]!.get(c)!.map((f) => ({ file: join(folder, d, f), domain, label }))),
  );
  return { domains, classes, images, warnings };
}

/** The shortest beginnings, in capitals, that tell the domains apart: A, C, P, S of PACS. Their names where these are no shorter. */
export function shortNames(domains: readonly string[]): string[] {
  const initials = domains.map((d) => d[0]!.toUpperCase());
  return new Set(initials).size === domains.length ? initials : [...domains];
}

/** Domains that hold drawings, by name. */
export function looksDrawn(domain: string): boolean {
  return /sketch|drawing|quickdraw|doodle/i.test(domain);
}
