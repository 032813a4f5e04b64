import { enterOnce } from './entrance.ts';

// What goes wrong here is met where it is waited for.
enterOnce().catch(() => undefined);
