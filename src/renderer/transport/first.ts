import { enterOnce } from './entrance.ts';
import { filesAhead } from './files-ahead.ts';

// What goes wrong here is met where it is waited for.
enterOnce().catch(() => undefined);
filesAhead();
