import type { Socket } from 'node:net';

/**
 * Ends a connection on which no request came that can be read. Browsers open connections ahead and ask nothing on them for long: whatever was
 * written there would be taken for the answer to what they ask next.
 */
export function hangUp(
  error: NodeJS.ErrnoException,
  socket: Pick<Socket, 'bytesRead' | 'writable' | 'end' | 'destroy'>,
): void {
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (!socket.writable || (late && socket.bytesRead === 0)) socket.destroy();
  else socket.end(`HTTP/1.1 ${late ? '408 Request Timeout' : '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
}
