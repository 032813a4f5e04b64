import { z } from 'zod';
import { route } from './route.ts';

/** From the worst to the most talkative. */
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export const logRoutes = {
  /** The last entries of the log, of every process, the newest last. */
  'log.last': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      lines: z.int().min(1).max(5000).default(300),
      level: z.enum(LEVELS).default('debug'),
    }),
    result: z.object({
      /** Where the log lies, for people. */
      file: z.string(),
      entries: z.array(
        z.object({
          time: z.string(),
          level: z.enum(LEVELS),
          component: z.string(),
          process: z.string(),
          text: z.string(),
        }),
      ),
    }),
  }),
  /** An error that nobody caught in the page. */
  'log.page': route({
    who: 'page',
    params: z.strictObject({
      message: z.string().max(2000),
      stack: z.string().max(8000).optional(),
      /** Path of the view that was shown. */
      view: z.string().max(200),
    }),
    result: z.null(),
  }),
};
