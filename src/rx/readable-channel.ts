import type { Observable } from 'rxjs';
import type { Bytes, PlainChannel, PlainReader, RoomWatcher } from '../core/duplex.js';
import { ReadSide, type ReadSideOwner } from './read-side.js';

/**
 * The reading half of a channel that is read both ways: by subscribing, and by plain calls. Byte path (ADR 2; measured by
 * `bench/`): what comes is given to `side`, and nothing is made that is not used.
 */
export abstract class ReadableChannel implements PlainChannel, ReadSideOwner {
  protected readonly side: ReadSide = new ReadSide(this);

  get plain(): this {
    return this;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  attach(reader: PlainReader): void {
    this.side.attachPlain(reader);
  }

  pull(reader: PlainReader): void {
    this.side.pull(reader);
  }

  detach(reader: PlainReader): void {
    this.side.detach(reader);
  }

  abstract write(pieces: readonly Uint8Array[]): void;
  abstract watchRoom(watcher: RoomWatcher): void;
  onDemand?(wanted: boolean): void;
  onConsumed?(byteLength: number): void;
}
