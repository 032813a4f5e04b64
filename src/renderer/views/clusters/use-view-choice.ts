import type { ClusterView } from '../../../shared/domain.ts';
import { from } from '../common/origins.ts';
import { useChooser, type Chooser } from '../common/use-chooser.ts';

/**
 * The photos of a cluster in the one selection. While photos are chosen to be split off, a click is that choice's and not this one's.
 * @param plain what a plain click does besides.
 */
export function useViewChoice(
  views: () => readonly ClusterView[],
  cluster: () => string,
  splitting: () => boolean,
  plain: (view: number) => void,
): Pick<Chooser, 'isChosen' | 'band' | 'on'> & { readonly choose: (view: ClusterView, event: MouseEvent) => void } {
  const ids = (): string[] => views().flatMap((v) => (v.photo === null ? [] : [v.photo]));
  const { isChosen, click, band, on } = useChooser({
    ids,
    total: () => ids().length,
    origin: (photo) => from('cluster', { query: cluster() })(photo),
  });
  return {
    isChosen,
    band,
    on,
    choose(view, event) {
      const held = !splitting() && view.photo !== null && click(view.photo, event);
      if (!held) plain(view.index);
    },
  };
}
