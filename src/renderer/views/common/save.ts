/** Gives a person a file of what the page has. */
export function save(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), {
    href: url,
    download: name.replaceAll(/[\\/:*?"<>|]/g, '_'),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
