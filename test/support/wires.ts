/** What may lie between two ends and change nothing: segments cut, or put together. What may change all: a wire that breaks. */
import { map, type SchedulerLike } from 'rxjs';
import { concatBytes, NO_BYTES } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { asError } from '../../src/core/errors.js';
import type { RawConnection, TransportPart } from '../../src/core/parts.js';
import { ReadSide } from '../../src/rx/read-side.js';

/** Hands bytes on as it likes; gets the chunk, and where in the whole it begins. */
export type Segmenting = (chunk: Bytes, offset: number, deliver: (piece: Bytes) => void) => void;

/** The same channel, whose bytes are read in other segments. */
export function segmented(duplex: Duplex, segmenting: Segmenting, scheduler: SchedulerLike): Duplex {
  const side = new ReadSide({});
  let offset = 0;
  duplex.read().subscribe({
    next: (chunk) => {
      segmenting(chunk, offset, (piece) => {
        side.push(piece);
      });
      offset += chunk.byteLength;
    },
    // Behind whatever a segmenting has put off to the end of this turn.
    error: (error: unknown) => {
      scheduler.schedule(() => {
        side.fail(asError(error));
      }, 0);
    },
    complete: () => {
      scheduler.schedule(() => {
        side.end();
      }, 0);
    },
  });
  return { read: (room$) => side.read(room$), sink: duplex.sink, room$: duplex.room$ };
}

export const byteByByte: Segmenting = (chunk, _, deliver) => {
  for (let at = 0; at < chunk.byteLength; at += 1) deliver(chunk.subarray(at, at + 1));
};

/** Two segments where one ended before, at this byte of the whole. */
export function cutAt(boundary: number): Segmenting {
  return (chunk, offset, deliver) => {
    const at = Math.max(0, Math.min(chunk.byteLength, boundary - offset));
    deliver(chunk.subarray(0, at));
    deliver(chunk.subarray(at));
  };
}

/** All that comes in one turn, as one segment. */
export function together(scheduler: SchedulerLike): Segmenting {
  let held = NO_BYTES;
  return (chunk, _, deliver) => {
    if (held.byteLength === 0)
      scheduler.schedule(() => {
        const all = held;
        held = NO_BYTES;
        deliver(all);
      }, 0);
    held = concatBytes(held, chunk);
  };
}

/** A transport whose channels go through `change`, at both ends. */
export function changed(
  part: TransportPart,
  change: (duplex: Duplex, dialed: boolean) => Duplex,
): TransportPart {
  const through = (raw: RawConnection, dialed: boolean): RawConnection => ({
    ...raw,
    duplex: change(raw.duplex, dialed),
  });
  return {
    ...part,
    create: (context) => {
      const transport = part.create(context);
      return {
        name: transport.name,
        canDial: (addr) => transport.canDial(addr),
        canListen: (addr) => transport.canListen(addr),
        dial: (addr) => transport.dial(addr).pipe(map((raw) => through(raw, true))),
        listen: (addr) =>
          transport
            .listen(addr)
            .pipe(
              map((event) =>
                event.type === 'inbound'
                  ? { type: 'inbound' as const, connection: through(event.connection, false) }
                  : event,
              ),
            ),
      };
    },
  };
}

export type Break = 'end' | 'reset';

/** Copies both ways, and breaks both ways once so many bytes have gone from `near` to `far`. */
export function breaking(near: Duplex, far: Duplex, after: number, how: Break): void {
  let left = after;
  let broken = false;
  const breakOff = (): void => {
    broken = true;
    for (const { sink } of [near, far]) {
      if (how === 'end') sink.complete();
      else sink.error(new Error('the wire broke'));
    }
  };
  const copy = (from: Duplex, to: Duplex, take: (chunk: Bytes) => Bytes): void => {
    from.read().subscribe({
      next: (chunk) => {
        if (broken) return;
        const taken = take(chunk);
        if (taken.byteLength > 0) to.sink.next(taken);
        if (left === 0) breakOff();
      },
      error: (error: unknown) => {
        if (!broken) to.sink.error(error);
      },
      complete: () => {
        if (!broken) to.sink.complete();
      },
    });
  };
  if (after === 0) breakOff();
  copy(near, far, (chunk) => {
    const taken = chunk.subarray(0, left);
    left -= taken.byteLength;
    return taken;
  });
  copy(far, near, (chunk) => chunk);
}
