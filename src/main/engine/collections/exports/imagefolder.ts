/** Hugging Face's imagefolder: `metadata.jsonl` beside the photos, and a card that says which files are data. */
import { counted } from '../../../../shared/counted.ts';
import { mediaType } from './media.ts';
import { rowOf } from './items.ts';
import type { FormatWriter } from './material.ts';
import { saidOf } from './said.ts';

/** Text as YAML takes it: JSON is YAML. */
const yaml = (text: string): string => JSON.stringify(text);

export const writeImagefolder: FormatWriter = async ({ tree, items, columns, record, formats }) => {
  await tree.write(
    'metadata.jsonl',
    items
      .map((item) => {
        const { provenance, ...row } = rowOf(item, columns, record.fields);
        // A column has one type there, whatever its first rows hold.
        return `${JSON.stringify({ ...row, provenance: provenance === null ? null : JSON.stringify(provenance) })}\n`;
      })
      .join(''),
  );
  const said = saidOf(record);
  const endings = [...new Set(items.map((i) => /\.[^./]+$/.exec(i.entry.path)?.[0] ?? ''))].sort();
  const photos = endings.map((e) => `photos/**/*${e}`);
  // Thumbnails of a gallery and sidecars are no data.
  const files = ['metadata.jsonl', ...photos];
  await tree.write(
    'README.md',
    `---
pretty_name: ${yaml(said.title)}
configs:
  - config_name: default
    drop_labels: true
    data_files:
      - split: train
        path:
${files.map((f) => `          - ${yaml(f)}`).join('\n')}
---

# ${said.title.replaceAll('\n', ' ')}

${said.description}

${counted(items.length, 'photo')} (${[...new Set(items.map((i) => mediaType(i.entry.path)))].sort().join(', ')}), version ${record.version}.
Rights: ${said.licence}${formats.has('folder') ? '. Verify: sha256sum -c manifest-sha256.txt' : ''}

    from datasets import load_dataset
    photos = load_dataset("path/of/this/folder")
`,
  );
};
