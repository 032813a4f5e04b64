/** A process that owns a journal: `node describe-slowly.ts FILE KEYS` appends as many records, says so, and waits to be killed. */
import { DescriptorJournal } from '../../src/main/engine/retrieval/journal.ts';

const [file, keys] = process.argv.slice(2);
try {
  const journal = new DescriptorJournal(file!, 3);
  for (let n = 1; n <= Number(keys); n += 1)
    journal.append(n.toString(16).padStart(32, '0'), Float32Array.of(process.pid, n, 0));
  process.stdout.write(`owner ${journal.size}\n`);
  setInterval(() => undefined, 1000);
} catch (error) {
  process.stdout.write(`refused ${(error as { code?: string }).code}\n`);
}
