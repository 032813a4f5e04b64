import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { network } from '../../../../shared/exports/network.ts';
import { writeBeside } from '../../formats/beside.ts';
import { fileTarget } from '../../formats/target.ts';
import { integer, select } from '../../library/rows.ts';
import { readNetworkFile, resolveNetwork } from '../../network/networks.ts';
import { damaged, exporter } from './exporter.ts';

/** The network's ONNX file as the library has it. */
export const networkExport = exporter(network, {
  async write(library, out, { network: which }, _, how) {
    fileTarget(out, how, 'made');
    const row = await resolveNetwork(library, which, 'default');
    const file = library.file('networks', `${row.uid}.onnx`);
    const bytes = statSync(file, { throwIfNoEntry: false })?.size;
    writeBeside(out, { ...how, bytes }, (temporary) => copyFileSync(file, temporary));
    return { items: 1, files: [out] };
  },
  verify([file], library) {
    // A network's id is the beginning of its content's hash.
    const uid = createHash('sha256').update(readFileSync(file!)).digest('hex').slice(0, 16);
    if (select(library.db, 'SELECT id FROM network WHERE uid = ?', integer).get(uid) === undefined)
      throw damaged(file!, 'its content is that of no network of the library');
    readNetworkFile(file!);
    return { items: 1 };
  },
});
