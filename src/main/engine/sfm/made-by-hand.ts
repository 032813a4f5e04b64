/** What a person does to make clusters of others, as the log of actions calls it. {@link BY_HAND} knows such actions by it. */
const LABELS = { merge: 'Merge', split: 'Split' } as const;

/** How such an action ends that finding places does: what a person made, made again of the models that were found. */
const ANEW = ' of what was found anew';
/** Of names in it: the log cuts longer labels, and {@link IS_UNDONE_ANEW} needs its end. */
const LONGEST_NAMES = 150;

/** What the log calls merging or splitting clusters. @param anew it was made again of what was found. */
export function byHandLabel(how: keyof typeof LABELS, what: string, anew = false): string {
  return `${LABELS[how]} ${anew ? `${what.slice(0, LONGEST_NAMES)}${ANEW}` : what}`;
}

const BY_HAND = `k.field = 'state' AND (${Object.values(LABELS)
  .map((label) => `a.label LIKE '${label} %'`)
  .join(' OR ')})`;
const CHANGED = 'SELECT 1 FROM cluster_change k JOIN action a ON a.id = k.action_id WHERE k.cluster_id = c.id';

/** SQL of a change `k` of a cluster under an action `a`: a person merged the cluster of others, or split it off. */
export const MADE_BY_HAND = `${BY_HAND} AND k.after <> 'replaced'`;
/** SQL of a cluster `c`: a person merged it of others, or split it off. */
export const IS_MADE_BY_HAND = `EXISTS (${CHANGED} AND ${MADE_BY_HAND})`;
/** SQL of a cluster `c`: as {@link IS_MADE_BY_HAND}, or others were made of it so, be that undone or not. */
export const IS_PART_BY_HAND = `EXISTS (${CHANGED} AND ${BY_HAND})`;
/** SQL of a cluster `c` in force: it was made again of what was found, where it went, and a person undid that. */
export const IS_UNDONE_ANEW = `EXISTS (${CHANGED} AND ${BY_HAND} AND k.after = 'replaced' AND a.label LIKE '%${ANEW}')`;
