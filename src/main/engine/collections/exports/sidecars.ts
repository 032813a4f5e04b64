/** What is said of each photo beside it, as `<photo>.xmp`: photos themselves are never written to. */
import { xmpPacket } from '../metadata/xmp-write.ts';
import { effectiveFields, inOrder } from './items.ts';
import type { FormatWriter } from './material.ts';

export const writeSidecars: FormatWriter = async ({ tree, items, record, task }) => {
  task.step('Writing sidecars', items.length, 'photos');
  for (const [i, { entry }] of items.entries()) {
    task.check();
    const fields = effectiveFields(entry.fields, record.fields);
    const ordered = inOrder(Object.keys(fields)).map((name) => [name, fields[name]!] as const);
    await tree.writeOnce(`${entry.path}.xmp`, async () => Buffer.from(xmpPacket(Object.fromEntries(ordered))));
    task.progress(i + 1);
  }
};
