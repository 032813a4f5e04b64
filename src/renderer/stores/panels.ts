import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { ExportFormat, FolderEntry } from '../../shared/domain.ts';

export interface Exported {
  readonly format: ExportFormat;
  /** Of a mining run: its other formats are offered, too. */
  readonly run?: number;
  readonly network?: string;
}

/** What lies over the views: the palette, the sheet of keys, and what asks where chosen photos go. */
export const usePanels = defineStore('panels', () => {
  const palette = ref(false);
  const help = ref(false);
  /** Which collection takes the chosen photos. */
  const collecting = ref(false);
  /** The name of a new one for them. */
  const naming = ref(false);
  /** The history of what was decided and changed. */
  const history = ref(false);
  /** A backup becomes a library: one that is still to be chosen, or this. */
  const restoring = ref<FolderEntry | boolean>(false);
  /** Whether the library is whole. */
  const checking = ref(false);
  const machine = ref(false);
  const log = ref(false);
  /** The descriptor sets of the library. */
  const sets = ref(false);
  /** What is written for other tools: of a mining run, of a network; null for nothing. */
  const exporting = ref<Exported | null>(null);
  /** Opens what asks how something is exported. */
  function exports(format: ExportFormat, of: Omit<Exported, 'format'> = {}): void {
    exporting.value = { format, ...of };
  }
  return {
    history,
    palette,
    help,
    collecting,
    naming,
    restoring,
    checking,
    machine,
    log,
    sets,
    exporting,
    export: exports,
  };
});
