import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What stands in the environment of every test of the engine, and of the processes that it starts. */
export const TEST_ENVIRONMENT = {
  // Tests do not write into the log of the person who runs them.
  COVIS_LOGS: join(tmpdir(), 'covis-test-logs'),
  // Nor into the list of libraries and the settings of that person.
  COVIS_SETTINGS: join(tmpdir(), 'covis-test-person', 'settings.json'),
  // What routes answer and jobs give is held against their definitions.
  COVIS_CHECK_RESULTS: '1',
  // What most tests do not look at is done with the small network.
  COVIS_NETWORK: 'tiny',
};
