/** How alike photos are to exemplars: the best or the mean cosine with the positive ones, or a linear classifier that was taught by both. */
export const LIKENESS_METHODS = ['best', 'mean', 'classifier'] as const;

/** What a photo's size may be asked of. */
export const RULE_SIZES = ['width', 'height', 'long', 'short', 'megapixels', 'bytes'] as const;
