import { concat, defer, throwError, type Observable } from 'rxjs';
import type { Bytes, Duplex } from '../core/duplex.js';
import { concatBytes, NO_BYTES } from '../core/bytes.js';
import { ReadSide, taken } from './read-side.js';

/**
 * The same channel, with `bytes` still to be read before what follows: how a layer that has read too far hands the rest
 * on. The channel below is read only while somebody reads here, and only while that reader has room.
 */
export function unread(duplex: Duplex, bytes: Bytes | undefined): Duplex {
  if (bytes === undefined || bytes.byteLength === 0) return duplex;
  const prefix = new ReadSide({});
  prefix.push(bytes);
  prefix.end();
  let latest = 0;
  const read = (room$?: Observable<boolean>): Observable<Bytes> =>
    defer(() => {
      latest += 1;
      const turn = latest;
      if (prefix.queuedBytes === 0) return duplex.read(room$);
      const rest = defer(() => (turn === latest ? duplex.read(room$) : throwError(taken)));
      return concat(prefix.read(room$), rest);
    });
  return {
    read,
    sink: duplex.sink,
    get room$() {
      return duplex.room$;
    },
    get below() {
      return prefix.queuedBytes === 0 ? duplex : undefined;
    },
    // What a reader above puts back was read before what still waits here, which is all of it or nothing.
    release: (more = NO_BYTES) =>
      duplex.release?.(prefix.queuedBytes === 0 ? more : concatBytes(more, bytes)),
  };
}
