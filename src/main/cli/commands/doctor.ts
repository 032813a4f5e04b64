import type { MachineReport } from '../../../shared/facts/machine.ts';
import { lookAtMachine } from '../../engine/start/machine.ts';
import { command } from '../program/command.ts';
import { print } from '../program/output.ts';
import { backendLines } from './backends.ts';

/** The report for a person. */
function doctorLines(r: MachineReport): string[] {
  const gib = (b: number): string => `${(b / 2 ** 30).toFixed(1)} GiB`;
  return [
    `Covis      ${r.covis}`,
    `Node       ${r.node.version} (${r.node.path})`,
    `Machine    ${r.machine.cores} cores, ${r.machine.processor.trim()}, ${gib(r.machine.memoryBytes)} memory`,
    ...r.backends.flatMap(backendLines),
    `COLMAP     ${r.colmap.version ?? `not found. ${r.colmap.hint}`}`,
    `Electron   ${r.electron.version ?? (r.electron.binary ? 'built in' : 'not installed')}${r.electron.hint === null ? '' : `. ${r.electron.hint}`}`,
    `Disk       ${gib(r.disk.freeBytes)} free at ${r.disk.path}`,
  ];
}

export const doctorCommand = command({
  name: 'doctor',
  summary: 'say what this machine has: Node, compute back ends, COLMAP, Electron, disk',
  run: async (o) => {
    const report = await lookAtMachine();
    print(o.json, report, () => doctorLines(report));
  },
});
