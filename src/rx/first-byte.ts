import { defer, tap, type Observable } from 'rxjs';
import type { Bytes, Duplex } from '../core/duplex.js';

/** The same channel, telling when the first bytes are read from it. Whoever reads after that reads the channel itself. */
export function tellFirstByte(duplex: Duplex, heard: () => void): Duplex {
  let waiting = true;
  const hear = (): void => {
    if (!waiting) return;
    waiting = false;
    heard();
  };
  const read = (room$?: Observable<boolean>): Observable<Bytes> =>
    defer(() => (waiting ? duplex.read(room$).pipe(tap(hear)) : duplex.read(room$)));
  return {
    read,
    sink: duplex.sink,
    get room$() {
      return duplex.room$;
    },
    get below() {
      return waiting ? undefined : duplex;
    },
    release: (bytes) => duplex.release?.(bytes),
  };
}
