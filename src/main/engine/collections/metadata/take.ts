/** Takes what photos say of themselves into a collection, as one action. */
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import type { JobResult } from '../../../../shared/jobs/index.ts';
import { currentPhoto, isGone, LeftOut } from '../../library/current-photo.ts';
import type { Library } from '../../library/library.ts';
import { collectionNamed } from '../../library/tables/collection.ts';
import type { TaskContext } from '../../queue/context.ts';
import { fieldsOf, fieldsText, itemsOf } from '../items.ts';
import { describePhotos } from '../fold-items.ts';
import { readMetadata, type MetadataSource } from './read.ts';

const MOST_NOTES = 1000;

/**
 * Reads sidecars, XMP and IPTC of every photo of a collection into its fields.
 * @param replace also those that a person wrote. @throws CovisError `NOT_FOUND`, `CANCELLED`.
 */
export async function takeMetadata(
  library: Library,
  wanted: string,
  replace: boolean,
  task: TaskContext,
): Promise<JobResult<'collection-metadata'>> {
  const collection = collectionNamed(library, wanted);
  const photos = itemsOf(library, collection.id)
    .filter((i) => i.member === 1)
    .map((i) => i.photo);
  const found = new Map<number, FieldValues>();
  const counts = new Map<string, number>();
  const from: Record<MetadataSource, number> = { sidecar: 0, xmp: 0, iptc: 0 };
  const notes: string[] = [];
  const gone = new LeftOut();
  task.step('Reading XMP and IPTC', photos.length, 'photos');
  for (const [i, photo] of photos.entries()) {
    task.check();
    try {
      const read = readMetadata(currentPhoto(library, photo));
      for (const name of Object.keys(read.fields)) counts.set(name, (counts.get(name) ?? 0) + 1);
      const sources = new Set(Object.values(read.from));
      const first = (['sidecar', 'xmp', 'iptc'] as const).find((s) => sources.has(s));
      if (first !== undefined) {
        from[first] += 1;
        found.set(photo, read.fields);
      }
      if (notes.length < MOST_NOTES) notes.push(...read.notes);
    } catch (error) {
      if (!isGone(error) || !gone.takes(error)) throw error;
    }
    task.progress(i + 1);
    // Others have their turn, who asks to stop among them.
    if (i % 32 === 31) await new Promise((done) => setImmediate(done));
  }
  gone.say((m) => task.warn(m));
  const { action, changed } = describePhotos(library, wanted, [...found.keys()], (text, photo) => {
    const own = fieldsOf(text);
    const read = found.get(photo)!;
    return fieldsText(replace ? { ...own, ...read } : { ...read, ...own });
  });
  return { action, photos: photos.length, changed, fields: Object.fromEntries(counts), from, notes };
}
