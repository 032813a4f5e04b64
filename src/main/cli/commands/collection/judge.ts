/** `covis collection judge` and `covis collection next`: teaching a collection by examples. */
import { z } from 'zod';
import { set } from '../../../../shared/fields.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { counted } from '../../../../shared/counted.ts';
import { photoNames } from '../../../engine/exchange/photo-names.ts';
import { nextPhotosToJudge } from '../../../engine/collections/next.ts';
import { exemplarPhotos } from '../../../engine/collections/rule-likeness.ts';
import { addPhotos, removePhotos } from '../../../engine/collections/gather.ts';
import type { Library } from '../../../engine/library/library.ts';
import { photoInfo } from '../../../engine/library/photos.ts';
import { defaultSize } from '../../../engine/inputs/inputs.ts';
import { defaultNetworkOf } from '../../../engine/network/networks.ts';
import { setKey } from '../../../engine/retrieval/vector-sets.ts';
import { durably } from '../../../engine/mining/action-log.ts';
import { command } from '../../program/command.ts';
import { libraryWord, withLibrary } from '../../program/library.ts';
import { print } from '../../program/output.ts';
import { ruleOf, ruleOption } from './smart.ts';
import { name, photosNamed } from './words.ts';

const words = { ...libraryWord, name };
const photos = z.array(z.string().min(1));

export const collectionJudge = command({
  name: 'collection judge',
  summary:
    'say which photos belong to a collection and which do not; both are exemplars, and undone with covis decide --undo',
  arguments: words,
  options: {
    yes: photos.optional().meta({ help: 'photos that belong, by content hash or name' }),
    no: photos.optional().meta({ help: 'photos that do not' }),
  },
  run: (o) =>
    withLibrary(o.library, false, (library) => {
      if (o.yes === undefined && o.no === undefined)
        throw new CovisError('INPUT_INVALID', 'Say photos with --yes, --no or both');
      const [yes, no] = [photosNamed(library, o.yes ?? []), photosNamed(library, o.no ?? [])];
      const refused = new Set(no);
      const both = yes.find((p) => refused.has(p));
      if (both !== undefined)
        throw new CovisError('INPUT_INVALID', 'A photo cannot belong and not belong', {
          hint: `Take ${photoNames(library).name(both)} out of --yes or of --no.`,
        });
      durably(library, () => {
        if (yes.length > 0)
          addPhotos(
            library,
            o.name,
            yes.map((photo) => ({ photo })),
            { how: 'hand' },
          );
        if (no.length > 0) removePhotos(library, o.name, no, true);
      });
      const { positive, negative } = exemplarPhotos(library, { collection: o.name });
      print(o.json, { positive: positive.length, negative: negative.length }, () => [
        `${counted(positive.length, 'photo belongs', 'photos belong')} to ${o.name}, ${negative.length} do not`,
      ]);
    }),
});

export const collectionNext = command({
  name: 'collection next',
  summary: 'list the photos that are best judged next, never one that was judged',
  arguments: words,
  options: {
    set: set.optional().meta({
      help: 'descriptor set by which photos are compared: covis descriptors lists them',
      otherwise: 'that of the default network',
    }),
    n: z.int().min(1).max(1000).default(20).meta({ help: 'how many' }),
    by: z
      .enum(['uncertainty', 'diversity'])
      .default('uncertainty')
      .meta({ help: 'the least certain, or different ones among the least certain' }),
    among: ruleOption.optional().meta({ help: 'rule of the photos that may be asked for' }),
  },
  run: (o) =>
    withLibrary(o.library, false, async (library) => {
      const among = o.among === undefined ? undefined : ruleOf(o.among);
      const found = await nextPhotosToJudge(library, {
        exemplars: { collection: o.name },
        set: o.set ?? ownSet(library),
        n: o.n,
        by: o.by,
        among,
      });
      const { photos: hashes, how, positive, negative } = found;
      print(o.json, { photos: hashes, how, positive, negative }, () => [
        ...hashes.map((hash) => `${hash}  ${photoInfo(library, hash).name}`),
        `By ${how}, from ${positive} that belong and ${negative} that do not`,
      ]);
    }),
});

/** Descriptors of the default network. */
function ownSet(library: Library): string {
  const network = defaultNetworkOf(library);
  return setKey(network, defaultSize(network.spec));
}
