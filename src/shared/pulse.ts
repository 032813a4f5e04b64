/** A page's question whether the server is there, and the answer: the whole text of a message. */
export const PING = '{"ping":1}';
export const PONG = '{"pong":1}';
