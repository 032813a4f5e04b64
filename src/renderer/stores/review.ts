import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { ReviewProgress } from '../../shared/domain.ts';
import type { Turned } from '../../shared/domain.ts';
import type { JudgementParams } from '../../shared/routes/review.ts';
import { plural } from '../kit/format.ts';
import { hand, outbox, request } from '../transport/index.ts';
import { useNotices, type NoticeLink } from './notices.ts';

/** What people decide, wherever they do it. The log is the engine's; here is only what is shown of it. */
export const useReview = defineStore('review', () => {
  const progress = ref<ReviewProgress | null>(null);
  const notices = useNotices();

  /** What was decided and what was undone while the engine could not be asked. */
  const waitingTurns = computed(() => {
    const done: (readonly JudgementParams[])[] = [];
    const undone: (readonly JudgementParams[])[] = [];
    for (const { route, params } of outbox.kept.value) {
      if (route === 'review.decide') {
        done.push(params['judgements'] as readonly JudgementParams[]);
        undone.length = 0;
      } else if (route === 'review.undo') undone.push(...done.splice(-1));
      else if (route === 'review.redo') done.push(...undone.splice(-1));
    }
    return { done, undone };
  });
  /** Judgements that were made and wait for the engine, in their order, without what was undone since. */
  const waiting = computed((): readonly JudgementParams[] => waitingTurns.value.done.flat());
  /** Whether there is something to undo or to redo; what is not known is tried. */
  const undoes = computed(() => progress.value?.undo !== null || waitingTurns.value.done.length > 0);
  const redoes = computed(() => progress.value?.redo !== null || waitingTurns.value.undone.length > 0);

  async function refresh(run: number): Promise<void> {
    try {
      progress.value = await request('review.progress', { run });
    } catch (error) {
      notices.error(error);
    }
  }

  /** @returns whether it was noted, by the engine or for the time when it can be asked again. */
  async function decide(label: string, judgements: readonly JudgementParams[]): Promise<boolean> {
    notices.withdrawUndo();
    const { answer, kept } = hand('review.decide', { label, judgements: [...judgements] });
    const noted = answer.then(
      () => true,
      (error: unknown) => {
        notices.error(error);
        return false;
      },
    );
    return Promise.race([noted, kept.then(() => true)]);
  }

  async function turn(way: 'undo' | 'redo'): Promise<Turned> {
    notices.withdrawUndo();
    const { answer, kept } = hand(`review.${way}`, {});
    const turned = answer.then(
      (t) => {
        if (t === null) notices.add('done', `There is nothing to ${way}`);
        else notices.add('done', `${way === 'undo' ? 'Undone' : 'Done again'}: ${t.label}`, '', where(t));
        return t;
      },
      (error: unknown) => {
        notices.error(error);
        return null;
      },
    );
    return Promise.race([turned, kept.then(() => null)]);
  }

  /** Goes to how everything was when an action of the history was the last; null is before the first. */
  async function goTo(action: number | null): Promise<void> {
    notices.withdrawUndo();
    const { answer, kept } = hand('review.goTo', { action });
    const gone = answer.then(
      ({ turned }) =>
        notices.add('done', turned === 0 ? 'Nothing was turned' : `Went over ${plural(turned, 'action')}`),
      (error: unknown) => notices.error(error),
    );
    await Promise.race([gone, kept]);
  }

  /** The tuple that a decision was about, which may be in a view that is not shown. */
  function where(turned: NonNullable<Turned>): NoticeLink | null {
    if (turned.run === null || turned.tuple === null) return null;
    return { label: 'Show', to: { name: 'tuples', params: { run: turned.run }, query: { tuple: turned.tuple } } };
  }

  return { progress, waiting, undoes, redoes, refresh, decide, turn, goTo };
});
