import type { ClusterInfo } from '../../../shared/domain.ts';
import { listClusters } from '../../engine/sfm/clusters.ts';
import { command } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

function modelOf({ modelled, meanReprojectionError }: ClusterInfo): string {
  if (!modelled) return 'no 3D model';
  return meanReprojectionError === null ? 'error unknown' : `${meanReprojectionError.toFixed(2)} px`;
}

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
            `${c.id}  ${c.name.padEnd(28)} ${String(c.photos).padStart(5)} photos ${String(c.points).padStart(8)} points  ${modelOf(c)}`,
        ),
      );
    }),
});
