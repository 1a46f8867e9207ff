import type { Observable, Subscriber, Subscription, Unsubscribable } from 'rxjs';
import type { Bytes, PlainChannel, PlainReader } from '../core/duplex.js';

/** A subscriber as a reader. Byte path (ADR 2; measured by `bench/`). */
export class SubscribedReader implements PlainReader, Unsubscribable {
  private rooms: Subscription | undefined;

  constructor(
    private readonly channel: Pick<PlainChannel, 'pull' | 'detach'>,
    private readonly subscriber: Subscriber<Bytes>,
    public hasRoom: boolean,
  ) {}

  /** Has room as `room$` says. */
  watch(room$: Observable<boolean>): void {
    this.rooms = room$.subscribe({
      next: (hasRoom) => {
        this.hasRoom = hasRoom;
        this.channel.pull(this);
      },
      error: (error: unknown) => {
        this.onFail(error);
      },
    });
  }

  /** Ends its turn. */
  unsubscribe(): void {
    this.rooms?.unsubscribe();
    this.channel.detach(this);
  }

  get isOver(): boolean {
    return this.subscriber.closed;
  }
  onBytes(bytes: Bytes): void {
    this.subscriber.next(bytes);
  }
  onEnd(): void {
    this.subscriber.complete();
  }
  onFail(error: unknown): void {
    this.subscriber.error(error);
  }
}
