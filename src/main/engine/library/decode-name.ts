const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name as its bytes say it: UTF-8, or Latin-1 where they are none, so that equal bytes are equal names. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
