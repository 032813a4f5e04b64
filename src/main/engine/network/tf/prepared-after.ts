/** Passes of one shape by TensorFlow before the one in which they are prepared: that takes as long as three or four steps, and shapes that come but a few times are not worth it. */
export const PREPARED_AFTER = 3;
