/** Reads files one after the other, in a process of its own whose memory is measured: `read-files.ts KIND FILE [KIND FILE …]`. */
import { readGroundTruth } from '../../src/main/engine/evaluation/ground-truth-files.ts';
import { readDrawing } from '../../src/main/engine/edges/sketch-files.ts';
import { decode } from '../../src/main/engine/library/pixels.ts';
import { readDescriptorFile } from '../../src/main/engine/retrieval/descriptor-files.ts';
import { readModels } from '../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../src/main/engine/sfm/readers/index.ts';
import { toErrorShape } from '../../src/shared/errors.ts';

const KINDS: Readonly<Record<string, (file: string) => unknown>> = {
  truth: (file) => readGroundTruth(file, 'revisited'),
  descriptors: (file) => readDescriptorFile(file),
  drawing: (file) => readDrawing(file),
  photo: (file) => decode(file, 64),
  ...Object.fromEntries(
    MODEL_READERS.map((reader) => [
      reader.format,
      (file: string) => readModels({ path: file, reader }, { names: [], sizes: () => [100, 100] }),
    ]),
  ),
};

const said: unknown[] = [];
const asked = process.argv.slice(2);
for (let i = 0; i < asked.length; i += 2) {
  try {
    await KINDS[asked[i]!]!(asked[i + 1]!);
    said.push(null);
  } catch (error) {
    said.push(toErrorShape(error));
  }
}
process.stdout.write(JSON.stringify({ said, kilobytes: process.resourceUsage().maxRSS }));
