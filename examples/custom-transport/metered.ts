/** A transport of one's own, around another: it counts every byte that crosses the line, the handshakes' too. */
import type { Duplex, ListenEvent, RawConnection, TransportPart } from 'rx-libp2p';
import { map, tap } from 'rxjs';

/** Bytes of all connections since the meter was made. */
export class Meter {
  read = 0;
  written = 0;
}

function meteredDuplex(duplex: Duplex, meter: Meter): Duplex {
  const { sink } = duplex;
  return {
    // Whoever reads says by `room$` when; that is for the channel below to heed.
    read: (room$) => duplex.read(room$).pipe(tap(({ byteLength }) => (meter.read += byteLength))),
    sink: {
      next(bytes) {
        meter.written += bytes.byteLength;
        sink.next(bytes);
      },
      complete: () => {
        sink.complete();
      },
      error: (error) => {
        sink.error(error);
      },
    },
    room$: duplex.room$,
  };
}

/** Any transport that hands out raw channels can be inside. */
export function metered(inner: TransportPart, meter: Meter): TransportPart {
  const connection = (raw: RawConnection): RawConnection => ({
    duplex: meteredDuplex(raw.duplex, meter),
    localAddr: raw.localAddr,
    remoteAddr: raw.remoteAddr,
    relayed: raw.relayed,
    heardBytes: () => raw.heardBytes?.() ?? meter.read,
    ...(raw.released$ && { released$: raw.released$ }),
  });
  const event = (told: ListenEvent): ListenEvent =>
    told.type === 'inbound' ? { ...told, connection: connection(told.connection) } : told;
  return {
    kind: 'transport',
    name: inner.name,
    create(context) {
      const transport = inner.create(context);
      return {
        name: transport.name,
        canDial: (addr) => transport.canDial(addr),
        canListen: (addr) => transport.canListen(addr),
        dial: (addr) => transport.dial(addr).pipe(map(connection)),
        listen: (addr) => transport.listen(addr).pipe(map(event)),
      };
    },
  };
}
