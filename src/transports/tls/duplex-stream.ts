/** Any channel as a stream of Node's, with back-pressure both ways, for what only takes those. */
import { Duplex as NodeDuplex } from 'node:stream';
import { Subscription } from 'rxjs';
import type { Duplex } from '../../core/duplex.js';
import { asError } from '../../core/errors.js';
import { Flag } from '../../rx/flag.js';

type Done = (error?: Error | null) => void;

export class DuplexStream extends NodeDuplex {
  private readonly wanted = new Flag(false);
  private readonly listening = new Subscription();
  private hasRoom = true;
  /** A write that waits for room. */
  private waiting: Done | undefined;

  constructor(private readonly below: Duplex) {
    super({ allowHalfOpen: true });
    const fail = (error: unknown): void => {
      this.destroy(asError(error));
    };
    const roomChanged = (hasRoom: boolean): void => {
      this.hasRoom = hasRoom;
      if (hasRoom) this.wrote();
    };
    this.listening.add(below.room$.subscribe({ next: roomChanged, error: fail }));
    const take = (bytes: Uint8Array): void => {
      if (!this.push(bytes)) this.wanted.set(false);
    };
    const complete = (): void => {
      this.push(null);
    };
    this.listening.add(below.read(this.wanted.$).subscribe({ next: take, error: fail, complete }));
  }

  override _read(): void {
    this.wanted.set(true);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    // It is nobody else's: TLS made it for this write.
    this.below.sink.next(chunk);
    this.waiting = done;
    if (this.hasRoom) this.wrote();
  }

  override _final(done: Done): void {
    this.below.sink.complete();
    done();
  }

  /** Lets go of the channel; whoever owns it destroys it. */
  override _destroy(error: Error | null, done: Done): void {
    this.listening.unsubscribe();
    done(error);
  }

  private wrote(): void {
    const done = this.waiting;
    this.waiting = undefined;
    done?.();
  }
}
