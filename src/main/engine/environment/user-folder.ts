import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a person's own things are that belong to no library: settings, downloaded networks. Beside those of other programs. */
export function userFolder(): string {
  const home = homedir();
  const base =
    process.platform === 'win32'
      ? (process.env['APPDATA'] ?? join(home, 'AppData', 'Roaming'))
      : process.platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : (process.env['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  return join(base, 'covis');
}
