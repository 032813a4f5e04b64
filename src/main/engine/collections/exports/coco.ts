/** `coco.json`: images with their sizes, licences and captions, in the form of COCO; there are no boxes. */
import { effectiveFields } from './items.ts';
import type { FormatWriter } from './material.ts';
import { rightsAddress, saidOf } from './said.ts';
import { jsonText } from './tables.ts';

const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

export const writeCoco: FormatWriter = async ({ tree, items, record }) => {
  const said = saidOf(record);
  const fields = items.map((i) => effectiveFields(i.entry.fields, record.fields));
  const rights = [...new Set(fields.flatMap((f) => f['rights']?.[0] ?? []))];
  const captions = items.flatMap((item, i) =>
    [...(fields[i]!['description'] ?? fields[i]!['title'] ?? [])].map((caption) => ({
      image_id: item.position + 1,
      caption,
    })),
  );
  await tree.write(
    'coco.json',
    jsonText({
      info: {
        description: said.title,
        url: said.identifier,
        version: said.version,
        year: Number(said.published.slice(0, 4)),
        contributor: said.creators.join(', '),
        date_created: said.published,
      },
      licenses: rights.map((name, i) => ({ id: i + 1, name, url: rightsAddress(name) ?? '' })),
      images: items.map((item, i) => {
        const f = fields[i]!;
        const day = f['date']?.find((d) => ISO_DAY.test(d));
        return {
          id: item.position + 1,
          file_name: item.entry.path,
          width: item.file.width,
          height: item.file.height,
          ...(f['rights'] === undefined ? {} : { license: rights.indexOf(f['rights'][0]!) + 1 }),
          ...(day === undefined ? {} : { date_captured: `${day} 00:00:00` }),
          sha256: item.file.sha256,
          fields: f,
        };
      }),
      annotations: captions.map((c, i) => ({ id: i + 1, ...c })),
      categories: [],
    }),
  );
};
