import { listClusters } from '../../engine/sfm/clusters.ts';
import { command } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

export const clusters = command({
  name: 'clusters',
  summary: 'list the 3D models of a library',
  arguments: libraryWord,
  run: (o) =>
    withLibrary(o.library, false, (library) => {
      const list = listClusters(library);
      print(o.json, list, () =>
        list.map(
          (c) =>
            `${c.id}  ${c.name.padEnd(28)} ${String(c.photos).padStart(5)} photos ${String(c.points).padStart(8)} points  ${c.meanReprojectionError === null ? 'error unknown' : `${c.meanReprojectionError.toFixed(2)} px`}`,
        ),
      );
    }),
});
