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
