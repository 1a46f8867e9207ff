import type { Observable, Observer } from 'rxjs';
import type { Uint8ArrayList } from 'uint8arraylist';

/** Bytes over a plain buffer of their own or a slice of one: read-only once handed on. */
export type Bytes = Uint8Array<ArrayBuffer>;
/** What may be written: one piece, or several that belong together. What is written belongs to the channel. */
export type Writable = Uint8Array | Uint8ArrayList;

/** An ordered, reliable byte channel: a socket, a secured socket, a muxed stream. @source ADR 1 */
export interface Duplex {
  /**
   * Bytes from the remote, while `room$` is true (always, if left out). Completes at the remote's end-of-stream, errors
   * on reset. Unsubscribing pauses; a new subscription takes over from the last, so a layer can hand the channel on.
   */
  read(room$?: Observable<boolean>): Observable<Bytes>;
  /** `next` writes, `complete` closes our side, `error` resets both. None of them throws. */
  readonly sink: Observer<Writable>;
  /** Whether `sink` has room for more; replays the current value. */
  readonly room$: Observable<boolean>;
  /**
   * Gives away the platform's own channel that this one stands on, a socket for instance, with `unread` in front of what
   * is still to be read from it; `undefined` while that cannot be done. Afterwards only `sink.error` is left of this one.
   * For layers that the platform has ready. A layer that changes nothing passes it on, any other leaves it out.
   */
  release?(unread?: Bytes): unknown;
  /** The same by plain calls, where there is that way: for layers above one another, which are there for every connection. */
  readonly plain?: PlainChannel | undefined;
  /** The channel below, once this one does no more than hand on: what was there for a handshake is not to stay for ever. */
  readonly below?: Duplex | undefined;
}
/** A channel as the layer above it uses it (ADR 2): the rules are those of `read` and `room$`. */
export interface PlainChannel {
  /** Makes `reader` the one that reads; who did before hears of it. */
  attach(reader: PlainReader): void;
  /** The reader's `hasRoom` has changed. */
  pull(reader: PlainReader): void;
  detach(reader: PlainReader): void;
  /** As `sink.next`, of bytes that leave together: they belong to the channel from then on, their array does not. */
  write(pieces: readonly Uint8Array[]): void;
  /** Tells whether there is room to write, now and on every change; one hears at a time. */
  watchRoom(watcher: RoomWatcher): void;
}
export interface PlainReader {
  readonly hasRoom: boolean;
  /** Whether it wants no more. */
  readonly isOver: boolean;
  /** Whether it keeps nothing of what `onBytes` is given: that may be overwritten afterwards. */
  readonly keepsNothing?: true;
  onBytes(bytes: Bytes): void;
  onEnd(): void;
  onFail(error: Error): void;
}
export interface RoomWatcher {
  onRoom(hasRoom: boolean): void;
}

/** How a stream or a connection ended, and by whom. */
export interface CloseReason {
  /** Whose doing it was. */
  readonly by: 'local' | 'remote';
  /** The number on the wire, where there was one. */
  readonly code?: number | undefined;
  /** `undefined` where it ended in order. */
  readonly error?: Error | undefined;
}
