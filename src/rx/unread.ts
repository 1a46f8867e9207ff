import { concat, defer, type Observable } from 'rxjs';
import type { Bytes, Duplex } from '../core/duplex.js';
import { ReadSide } from './read-side.js';

/**
 * The same channel, with `bytes` still to be read before what follows: how a layer that has read too far hands the rest
 * on. The channel below is read only while somebody reads here, and only while that reader has room.
 */
export function unread(duplex: Duplex, bytes: Bytes | undefined): Duplex {
  if (bytes === undefined || bytes.byteLength === 0) return duplex;
  const prefix = new ReadSide({});
  prefix.push(bytes);
  prefix.end();
  const read = (room$?: Observable<boolean>): Observable<Bytes> =>
    defer(() =>
      prefix.queuedBytes === 0
        ? duplex.read(room$)
        : concat(
            prefix.read(room$),
            defer(() => duplex.read(room$)),
          ),
    );
  return { read, sink: duplex.sink, room$: duplex.room$ };
}
