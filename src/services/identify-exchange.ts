/** One exchange over one stream, in either direction, under one absolute deadline. @source go-libp2p identify (ID-1, ID-4, ID-9) */
import { EMPTY, map, Observable, of, type MonoTypeOperatorFunction } from 'rxjs';
import { concatBytes } from '../core/bytes.js';
import { TimeoutError } from '../core/errors.js';
import type { Stream } from '../core/stream-contract.js';
import { encodeVarint } from '../core/varint.js';
import type { HostConnection } from '../connection/connection.js';
import { IDENTIFY, IDENTIFY_PUSH, type IdentifyMessage } from '../protocols/identify/identify-message.js';
import { readIdentify } from '../protocols/identify/read-identify.js';
import { partsFor, type Snapshot } from '../protocols/identify/snapshot.js';
import type { Deadlines } from '../rx/deadlines.js';
import { withStream } from '../stream/serve.js';

/** @source ID-1; reliability limits, times */
export const IDENTIFY_MS = 5000;

/** Asks the remote who it is; emits what `take` makes of the answer. What `take` throws, too, resets the stream and nothing else. */
export function askIdentity<T>(
  connection: HostConnection,
  take: (message: IdentifyMessage) => T,
  deadlines: Deadlines,
): Observable<T> {
  // Not lazily: what the remote supports is what this is to find out.
  return connection.openStream([IDENTIFY]).pipe(
    withStream((stream) => stream.pipe(readIdentify(), map(take))),
    withDeadline(deadlines),
  );
}

/** Reads what the remote has opened this stream to say. */
export function hearPush<T>(
  stream: Stream,
  take: (message: IdentifyMessage) => T,
  deadlines: Deadlines,
): Observable<T> {
  return of(stream).pipe(
    withStream((pushed) => pushed.pipe(readIdentify(), map(take))),
    withDeadline(deadlines),
  );
}

/** Tells the remote who we are, unasked. Completes when that is under way. */
export function pushIdentity(
  connection: HostConnection,
  snapshot: Snapshot,
  deadlines: Deadlines,
): Observable<never> {
  return connection.openStream([IDENTIFY_PUSH]).pipe(
    withStream((stream) => {
      writeIdentity(stream, snapshot);
      return EMPTY;
    }),
    withDeadline(deadlines),
  );
}

/** Answers who asked; the stream is closed behind it. No deadline: what was written is bounded, and idle streams end (ID-20). */
export function answerIdentity(stream: Stream, snapshot: Snapshot): void {
  writeIdentity(stream, snapshot);
  stream.close();
}

/** At most two parts, of 4 and 8 KiB. */
function writeIdentity(stream: Stream, snapshot: Snapshot): void {
  for (const part of partsFor(snapshot, stream.connection))
    stream.next(concatBytes(encodeVarint(part.byteLength), part));
}

function withDeadline<T>(deadlines: Deadlines): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      subscriber.add(
        deadlines.add(() => {
          subscriber.error(new TimeoutError('identify', IDENTIFY_MS, 'remote'));
        }),
      );
      subscriber.add(source.subscribe(subscriber));
    });
}
