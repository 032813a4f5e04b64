/** What begins as a path of Windows does: with a drive, or with the two backslashes of a share. */
const OF_WINDOWS = /^(?:[A-Za-z]:[\\/]|\\\\)[^"]*$/;

/**
 * A word of a command that people read and copy, as a shell takes it for one: a path with spaces stands in quotes. Single ones, in which no shell
 * expands anything; a path of Windows in double ones, as it is, for its shells know no others. The word tells which, for a page shows commands
 * of a machine that it does not know.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  // One backslash before the closing quote would be taken for its escape.
  if (OF_WINDOWS.test(text)) return `"${text.replace(/\\$/, '\\\\')}"`;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
