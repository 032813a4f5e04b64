import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { ReviewProgress } from '../../shared/domain.ts';
import type { Turned } from '../../shared/domain.ts';
import type { JudgementParams } from '../../shared/routes/review.ts';
import { request } from '../transport/index.ts';
import { useNotices, type NoticeLink } from './notices.ts';

/** What people decide, wherever they do it. The log is the engine's; here is only what is shown of it. */
export const useReview = defineStore('review', () => {
  const progress = ref<ReviewProgress | null>(null);
  const notices = useNotices();

  async function refresh(run: number): Promise<void> {
    try {
      progress.value = await request('review.progress', { run });
    } catch (error) {
      notices.error(error);
    }
  }

  /** @returns whether it was noted. */
  async function decide(label: string, judgements: readonly JudgementParams[]): Promise<boolean> {
    try {
      await request('review.decide', { label, judgements: [...judgements] });
      return true;
    } catch (error) {
      notices.error(error);
      return false;
    }
  }

  async function turn(way: 'undo' | 'redo'): Promise<Turned> {
    try {
      const turned = await request(`review.${way}`, {});
      if (turned === null) notices.add('done', `There is nothing to ${way}`);
      else notices.add('done', `${way === 'undo' ? 'Undone' : 'Done again'}: ${turned.label}`, '', where(turned));
      return turned;
    } catch (error) {
      notices.error(error);
      return null;
    }
  }

  /** The tuple that a decision was about, which may be in a view that is not shown. */
  function where(turned: NonNullable<Turned>): NoticeLink | null {
    if (turned.run === null || turned.tuple === null) return null;
    return { label: 'Show', to: { name: 'tuples', params: { run: turned.run }, query: { tuple: turned.tuple } } };
  }

  return { progress, refresh, decide, turn };
});
