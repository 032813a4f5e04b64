/** The process in which one back end describes a photo: see `elsewhere.ts`. */
import { answer } from './elsewhere.ts';
import { timedRun, type DescribingOrder } from './open-runner.ts';

await answer((order: DescribingOrder) => timedRun(order));
