/**
 * What can go wrong, as codes that every face understands.
 * `INPUT_*` codes blame the user's files, `STATE_*` the order of steps, `DISK_FULL` and `READ_ONLY` the disk and what this account may
 * do there; the rest is ours.
 */
export type ErrorCode =
  | 'INPUT_MISSING'
  | 'INPUT_TRUNCATED'
  | 'INPUT_CORRUPT'
  | 'INPUT_UNSUPPORTED'
  | 'INPUT_INVALID'
  | 'STATE_EMPTY'
  | 'STATE_CONFLICT'
  | 'DISK_FULL'
  | 'READ_ONLY'
  | 'NOT_FOUND'
  | 'CANCELLED'
  | 'ROUTE_NOT_FOUND'
  | 'VALIDATION_FAILED'
  | 'FORBIDDEN_SENDER'
  | 'ENGINE_EXITED'
  | 'EXTERNAL_FAILED'
  | 'INTERNAL';
