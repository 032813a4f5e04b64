import { command } from '../program/command.ts';
import { libraryWord, withLibrary } from '../program/library.ts';
import { print } from '../program/output.ts';

export const init = command({
  name: 'init',
  summary: 'make a library in a new or an empty folder',
  arguments: libraryWord,
  run: (o) =>
    withLibrary(o.library, true, (library) =>
      print(o.json, { library: library.path }, () => [`Library ready: ${library.path}`]),
    ),
});
