import type { Observable, Observer, Subscriber, TeardownLogic, Unsubscribable } from 'rxjs';
import type { Bytes, CloseReason, Duplex, PlainReader, RoomWatcher, Writable } from '../core/duplex.js';
import { asError } from '../core/errors.js';
import type { Stream } from '../core/stream-contract.js';
import type { ReadSide } from '../rx/read-side.js';

/** The destination's own word about its end, where it gives one: a stream does, a bare sink does not. */
type Destination = Pick<Duplex, 'sink' | 'room$'> & { readonly closed$?: Observable<CloseReason> };

interface PipeSource extends Stream {
  watchRoom(watcher: RoomWatcher): void;
}

/** @see Stream.pipeTo. Reads `side` by plain calls, since a proxy or an echo pipes every stream it has. */
export function pipeTo(
  source: PipeSource,
  side: ReadSide,
  destination: Destination,
  subscriber: Subscriber<never>,
): TeardownLogic {
  const pipe = new Pipe(side, destination.sink, subscriber);
  const isEcho = (destination as unknown) === source;
  // One's own end is heard of by reading.
  if (!isEcho) watchEnd(source, destination, subscriber);
  if (subscriber.closed) return undefined;
  side.attachPlain(pipe);
  if (isEcho) source.watchRoom(pipe);
  else watchRoom(pipe, destination, subscriber);
  return pipe;
}

class Pipe implements PlainReader, RoomWatcher, Unsubscribable {
  hasRoom = false;

  constructor(
    private readonly side: ReadSide,
    private readonly sink: Observer<Writable>,
    private readonly subscriber: Subscriber<never>,
  ) {}

  get isOver(): boolean {
    return this.subscriber.closed;
  }

  onRoom(hasRoom: boolean): void {
    this.hasRoom = hasRoom;
    this.side.pull(this);
  }

  onBytes(bytes: Bytes): void {
    try {
      this.sink.next(bytes);
    } catch (error) {
      this.thrown(error);
    }
  }

  onEnd(): void {
    this.tell(() => {
      this.sink.complete();
    });
    this.subscriber.complete();
  }

  onFail(error: Error): void {
    this.tell(() => {
      this.sink.error(error);
    });
    this.subscriber.error(error);
  }

  unsubscribe(): void {
    this.side.detach(this);
  }

  private tell(word: () => void): void {
    try {
      word();
    } catch (error) {
      this.thrown(error);
    }
  }

  /** By a sink that somebody else made, and that does what none may: it is the pipe's failure, not the connection's. */
  private thrown(error: unknown): void {
    this.subscriber.error(asError(error));
  }
}

function watchEnd(source: Stream, { closed$ }: Destination, subscriber: Subscriber<never>): void {
  const ends = closed$?.subscribe({
    next: ({ error }) => {
      if (error === undefined) return;
      source.error(error);
      subscriber.error(error);
    },
    error: (error: unknown) => {
      subscriber.error(error);
    },
  });
  subscriber.add(ends);
}

function watchRoom(pipe: Pipe, { room$ }: Destination, subscriber: Subscriber<never>): void {
  subscriber.add(
    room$.subscribe({
      next: (hasRoom) => {
        pipe.onRoom(hasRoom);
      },
      error: (error: unknown) => {
        pipe.onFail(asError(error));
      },
    }),
  );
}
