/** A wire between the two ends of a part under test, which can cut what passes, change it, or break. */
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { asError } from '../../core/errors.js';
import { monotonicScheduler } from '../../platform/monotonic-scheduler.js';
import { ReadSide } from '../../rx/read-side.js';
import { memoryPair } from '../../transports/memory-duplex.js';

export interface Wire {
  readonly near: Duplex;
  readonly far: Duplex;
  /** Breaks it, as a line that is cut: both ends hear an error. */
  cut(): void;
}
/** What becomes of bytes on their way: handed on, in pieces, or not at all. `offset` is of the first in all that this end has sent. */
export type Passage = (bytes: Bytes, offset: number, handOn: (piece: Bytes) => void, end: () => void) => void;

const unchanged: Passage = (bytes, _, handOn) => {
  handOn(bytes);
};

export function inPieces(size: number): Passage {
  return (bytes, _, handOn) => {
    for (let at = 0; at < bytes.byteLength; at += size) handOn(bytes.subarray(at, at + size));
  };
}

/** One bit of that byte is another at the other end. */
export function flipped(place: number): Passage {
  return (bytes, offset, handOn) => {
    const at = place - offset;
    if (at < 0 || at >= bytes.byteLength) {
      handOn(bytes);
      return;
    }
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ 1;
    handOn(copy);
  };
}

/** After so many bytes this end says nothing more: it has ended. */
export function endingAfter(byteLength: number): Passage {
  return (bytes, offset, handOn, end) => {
    const rest = byteLength - offset;
    if (rest > 0) handOn(bytes.subarray(0, rest));
    if (rest <= bytes.byteLength) end();
  };
}

/** The passages are of what comes to an end. */
export function suiteWire(toFar: Passage = unchanged, toNear: Passage = unchanged): Wire {
  const [near, far] = memoryPair(
    monotonicScheduler,
    () => 0,
    () => 0,
  );
  const error = new Error('the wire was cut');
  return {
    near: through(near, toNear),
    far: through(far, toFar),
    cut: () => {
      near.sink.error(error);
    },
  };
}

function through(duplex: Duplex, passage: Passage): Duplex {
  if (passage === unchanged) return duplex;
  const side = new ReadSide({});
  let offset = 0;
  duplex.read().subscribe({
    next: (bytes) => {
      const at = offset;
      offset += bytes.byteLength;
      const end = (): void => {
        side.end();
      };
      const handOn = (piece: Bytes): void => {
        side.push(piece);
      };
      passage(bytes, at, handOn, end);
    },
    error: (error: unknown) => {
      side.fail(asError(error));
    },
    complete: () => {
      side.end();
    },
  });
  return { read: (room$) => side.read(room$), sink: duplex.sink, room$: duplex.room$ };
}

/** The same channel; `heard` hears what its owner does to it. */
export function overheard(duplex: Duplex, heard: (what: 'write' | 'error' | 'complete') => void): Duplex {
  return {
    read: (room$) => duplex.read(room$),
    room$: duplex.room$,
    sink: {
      next: (bytes: Writable) => {
        heard('write');
        duplex.sink.next(bytes);
      },
      error: (error: unknown) => {
        heard('error');
        duplex.sink.error(error);
      },
      complete: () => {
        heard('complete');
        duplex.sink.complete();
      },
    },
  };
}
