import { vi } from 'vitest';
import type { EngineEvent, Reply } from '../../../src/shared/contract.ts';

interface Asked {
  readonly id: number;
  readonly route: string;
  readonly params: unknown;
}

/** A WebSocket in the hands of a test: it opens, answers, speaks and closes when told. */
export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readonly url: string;
  readyState = 0;
  readonly asked: Asked[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(url: string) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  /** The newest connection. */
  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }

  static install(): void {
    FakeSocket.all = [];
    vi.stubGlobal('WebSocket', FakeSocket);
  }

  send(text: string): void {
    if (this.readyState !== FakeSocket.OPEN) throw new Error('not open');
    this.asked.push(JSON.parse(text) as Asked);
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  answer(id: number, reply: Reply<unknown>): void {
    this.onmessage?.({ data: JSON.stringify({ id, reply }) });
  }

  say(event: EngineEvent): void {
    this.onmessage?.({ data: JSON.stringify(event) });
  }
}
