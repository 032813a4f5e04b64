/** `covis backends`: what computes on this machine, and what is added to it. */
import type { BackendReport } from '../../../shared/facts/backends.ts';
import { addable, gpuBuild } from '../../../shared/jobs/backend.ts';
import { addedPlace } from '../../engine/environment/added.ts';
import { readSettings } from '../../engine/environment/settings.ts';
import { addBackEnd, removeBackEnd } from '../../engine/training/machine/add.ts';
import { lookAtBackEnds } from '../../engine/training/machine/look.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

const INDENT = ' '.repeat(17);

/** A back end for a person: what it runs on, or why it is not there, uncut. */
export function backendLines(b: BackendReport): string[] {
  const text = (words: string): string => words.replaceAll('\n', `\n${INDENT}`);
  const name = b.backend.padEnd(12);
  if (b.device === null) return [`no   ${name}${text(b.detail)}`, ...(b.hint === null ? [] : [`${INDENT}${b.hint}`])];
  const memory = b.memoryBytes === null ? 'memory not told' : `${(b.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const facts = [memory, b.driver ?? '', b.precision ?? '', b.added === null ? '' : `added: ${b.added}`];
  return [`yes  ${name}${b.device}`, `${INDENT}${facts.filter((f) => f !== '').join('; ')}`];
}

export const backends = command({
  name: 'backends',
  summary: 'list what computes on this machine: device, memory, driver, precision, and why one is not there',
  run: async (o) => {
    const list = await lookAtBackEnds();
    const chosen = readSettings().backend ?? 'auto';
    print(o.json, { chosen, backends: list }, () => [
      ...list.flatMap(backendLines),
      `Where no --backend is given: ${chosen}`,
    ]);
  },
});

export const backendsAdd = command({
  name: 'backends add',
  summary: 'install what a back end needs with npm, beside the settings, and compute with it',
  arguments: { backend: addable },
  options: { gpu: gpuBuild },
  run: async (o) => {
    const task = terminalContext();
    try {
      const line = (text: string): void => void process.stderr.write(`  ${text}\n`);
      const report = await addBackEnd({ what: o.backend, gpu: o.gpu }, task, line);
      task.finish();
      print(o.json, report, () => [
        ...backendLines(report),
        `It is in ${addedPlace(o.backend)} and stays there when Covis is installed anew. Use it with --backend ${o.backend}`,
      ]);
    } finally {
      task.finish();
    }
  },
});

export const backendsRemove = command({
  name: 'backends remove',
  summary: 'take away what covis backends add has installed',
  arguments: { backend: addable },
  run: (o) => {
    const removed = removeBackEnd(o.backend);
    print(o.json, { removed }, () => [`${removed} is removed`]);
  },
});
