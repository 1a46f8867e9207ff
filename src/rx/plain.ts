import type { Subscription } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Duplex, PlainChannel, PlainReader, RoomWatcher } from '../core/duplex.js';
import { asError } from '../core/errors.js';
import { Flag } from './flag.js';

/** A channel by plain calls: its own way, or its Observables behind it. */
export function plainOf(duplex: Duplex): PlainChannel {
  return duplex.plain ?? new SubscribedChannel(duplex);
}

/** The channel itself, without what was there for a handshake. */
export function settledOf(duplex: Duplex): Duplex {
  let settled = duplex;
  while (settled.below !== undefined) settled = settled.below;
  return settled;
}

class SubscribedChannel implements PlainChannel {
  private reading: Subscription | undefined;
  private rooms: Subscription | undefined;
  private readonly wanted = new Flag(false);

  constructor(private readonly duplex: Duplex) {}

  attach(reader: PlainReader): void {
    this.wanted.set(reader.hasRoom);
    this.reading = this.duplex.read(this.wanted.$).subscribe({
      next: (bytes) => {
        reader.onBytes(bytes);
      },
      error: (error: unknown) => {
        reader.onFail(asError(error));
      },
      complete: () => {
        reader.onEnd();
      },
    });
    if (reader.isOver) this.reading.unsubscribe();
  }

  pull(reader: PlainReader): void {
    this.wanted.set(reader.hasRoom);
  }

  detach(): void {
    this.reading?.unsubscribe();
    this.rooms?.unsubscribe();
  }

  write(pieces: readonly Uint8Array[]): void {
    const [first] = pieces;
    this.duplex.sink.next(pieces.length === 1 && first !== undefined ? first : new Uint8ArrayList(...pieces));
  }

  watchRoom(watcher: RoomWatcher): void {
    this.rooms = this.duplex.room$.subscribe({
      next: (hasRoom) => {
        watcher.onRoom(hasRoom);
      },
      error: () => {
        watcher.onRoom(false);
      },
    });
  }
}
