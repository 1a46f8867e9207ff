import type { Observer, Subscription } from 'rxjs';
import type { Bytes, Duplex, PlainReader } from '../core/duplex.js';
import { plainOf } from './plain.js';

/**
 * Reads a channel until `until` is unsubscribed, also when that happens inside bytes that come at once: a channel may have
 * some, and its next reader must find the last one gone.
 */
export function listenTo(duplex: Duplex, until: Subscription, observer: Observer<Bytes>): void {
  const channel = plainOf(duplex);
  const reader = new Listener(until, observer);
  until.add(() => {
    channel.detach(reader);
  });
  channel.attach(reader);
}

class Listener implements PlainReader {
  readonly hasRoom = true;

  constructor(
    private readonly until: Subscription,
    private readonly observer: Observer<Bytes>,
  ) {}

  get isOver(): boolean {
    return this.until.closed;
  }
  onBytes(bytes: Bytes): void {
    if (!this.isOver) this.observer.next(bytes);
  }
  onEnd(): void {
    if (!this.isOver) this.observer.complete();
  }
  onFail(error: Error): void {
    if (!this.isOver) this.observer.error(error);
  }
}
