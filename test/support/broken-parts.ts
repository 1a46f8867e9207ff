/** Parts with one fault each: the suites must find every one of them. */
import { catchError, EMPTY, map, mergeMap, NEVER, Observable, of, tap } from 'rxjs';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { Bytes, Duplex, Writable } from '../../src/core/duplex.js';
import { LimitError } from '../../src/core/errors.js';
import type { MuxedStream } from '../../src/core/muxed-stream.js';
import type {
  ListenEvent,
  MuxerPart,
  RawConnection,
  Transport,
  TransportPart,
} from '../../src/core/parts.js';
import { memory, yamux, type MemoryOptions } from '../../src/index.js';
import { changed } from './wires.js';

/** The memory transport, of which `change` replaces some methods. */
export function brokenTransport(
  change: (sound: Transport) => Partial<Transport>,
  options?: MemoryOptions,
): () => TransportPart {
  return () => {
    const part = memory(options);
    return {
      ...part,
      create: (context) => {
        const sound = part.create(context);
        const methods: Transport = {
          name: sound.name,
          canDial: (addr) => sound.canDial(addr),
          canListen: (addr) => sound.canListen(addr),
          dial: (addr) => sound.dial(addr),
          listen: (addr) => sound.listen(addr),
        };
        return { ...methods, ...change(sound) };
      },
    };
  };
}

const inboundThrough = (
  sound: Transport,
  change: (connection: RawConnection, at: number) => Observable<RawConnection>,
): Partial<Transport> => ({
  listen: (addr) =>
    sound
      .listen(addr)
      .pipe(
        mergeMap((event, at) =>
          event.type === 'inbound'
            ? change(event.connection, at).pipe(
                map((connection): ListenEvent => ({ type: 'inbound', connection })),
              )
            : of(event),
        ),
      ),
});

export const saysPortZero = brokenTransport((sound) => ({
  listen: (addr) =>
    sound
      .listen(addr)
      .pipe(
        map((event) =>
          event.type === 'listening' ? { ...event, addrs: [parseMultiaddr('/memory/0')] } : event,
        ),
      ),
}));
export const namesItselfAsRemote = brokenTransport((sound) =>
  inboundThrough(sound, (connection) => of({ ...connection, remoteAddr: connection.localAddr })),
);
export const neverRefusesADial = brokenTransport((sound) => ({
  dial: (addr) => sound.dial(addr).pipe(catchError(() => NEVER)),
}));
export const neverRefusesAPort = brokenTransport((sound) => ({
  listen: (addr) =>
    sound.listen(addr).pipe(catchError(() => of<ListenEvent>({ type: 'listening', addrs: [addr] }))),
}));
export const keepsItsPort = brokenTransport((sound) => ({
  listen: (addr) =>
    new Observable((subscriber) => {
      sound.listen(addr).subscribe({
        next: (event) => {
          subscriber.next(event);
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
      });
    }),
}));
export const takesChannelsAlong = brokenTransport((sound) => ({
  listen: (addr) =>
    new Observable((subscriber) => {
      const connections: RawConnection[] = [];
      const listening = sound
        .listen(addr)
        .pipe(
          tap((event) => {
            if (event.type === 'inbound') connections.push(event.connection);
          }),
        )
        .subscribe(subscriber);
      return () => {
        listening.unsubscribe();
        for (const { duplex } of connections) duplex.sink.error(new Error('gone along'));
      };
    }),
}));
export const losesSomeOfMany = brokenTransport((sound) =>
  inboundThrough(sound, (connection, at) => (at > 8 ? EMPTY : of(connection))),
);
/** It takes time, so that there is something to give up. */
export const dialsOnUnheard = brokenTransport(
  (sound) => ({
    dial: (addr) =>
      new Observable((subscriber) => {
        sound.dial(addr).subscribe({
          next: (connection) => {
            subscriber.next(connection);
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            subscriber.complete();
          },
        });
      }),
  }),
  { latencyMs: 5 },
);
export const tellsOfNothingSilent = brokenTransport((sound) =>
  inboundThrough(
    sound,
    (connection) =>
      new Observable((subscriber) => {
        return connection.duplex.read(NEVER).subscribe({
          error: () => {
            subscriber.complete();
          },
        });
      }),
  ),
);
export const claimsEverything = brokenTransport(() => ({ canDial: () => true, canListen: () => true }));

const throughDuplex = (change: (duplex: Duplex) => Duplex) => (): TransportPart => changed(memory(), change);
const withSink = (duplex: Duplex, sink: Partial<Duplex['sink']>): Duplex => ({
  read: (room$) => duplex.read(room$),
  room$: duplex.room$,
  sink: {
    next: (bytes) => {
      duplex.sink.next(bytes);
    },
    error: (error: unknown) => {
      duplex.sink.error(error);
    },
    complete: () => {
      duplex.sink.complete();
    },
    ...sink,
  },
});

export const flipsAByte = throughDuplex((duplex) => {
  let seen = 0;
  return withSink(duplex, {
    next: (bytes: Writable) => {
      const copy = Uint8Array.from(bytes.subarray());
      if (seen < 100_000 && seen + copy.byteLength >= 100_000) copy[0] = (copy[0] ?? 0) ^ 1;
      seen += copy.byteLength;
      duplex.sink.next(copy);
    },
  });
});
export const tellsNobodyOfAnEnd = throughDuplex((duplex) =>
  withSink(duplex, { error: () => undefined, complete: () => undefined }),
);
export const callsAResetAnEnd = throughDuplex((duplex) => ({
  ...withSink(duplex, {}),
  read: (room$) => duplex.read(room$).pipe(catchError(() => EMPTY)),
}));
export const takesWithoutBound = throughDuplex((duplex) => {
  const held: Writable[] = [];
  let hasRoom = false;
  const pump = (): void => {
    while (hasRoom) {
      const next = held.shift();
      if (next === undefined) return;
      duplex.sink.next(next);
    }
  };
  duplex.room$.subscribe((room) => {
    hasRoom = room;
    pump();
  });
  return {
    ...withSink(duplex, {
      next: (bytes: Writable) => {
        held.push(bytes);
        pump();
      },
    }),
    room$: duplex.room$.pipe(map(() => true)),
  };
});
export const losesTheLastByte = throughDuplex((duplex) => {
  let last: Bytes | undefined;
  return withSink(duplex, {
    next: (bytes: Writable) => {
      if (last !== undefined) duplex.sink.next(last);
      last = Uint8Array.from(bytes.subarray());
    },
  });
});

/** Yamux, of whose streams `change` replaces some members. */
export function brokenMuxer(
  change: (stream: MuxedStream) => Partial<MuxedStream>,
  mostStreams = Infinity,
): MuxerPart {
  const part = yamux();
  const broken = (stream: MuxedStream): MuxedStream => {
    const own = change(stream) as Record<PropertyKey, unknown>;
    return new Proxy(stream, {
      get: (target, name) => {
        if (Object.hasOwn(own, name)) return own[name];
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
      set: (target, name, value: unknown) =>
        Reflect.set(Object.hasOwn(own, name) ? own : target, name, value),
    });
  };
  return {
    ...part,
    create: (context) => {
      const muxer = part.create(context);
      return {
        protocol: muxer.protocol,
        mux: (duplex, role, observer) => {
          let opened = 0;
          const session = muxer.mux(duplex, role, {
            onStream: (stream) => {
              observer.onStream(broken(stream));
            },
            onClose: (reason) => {
              observer.onClose(reason);
            },
          });
          return new Proxy(session, {
            get: (target, name) => {
              if (name === 'open')
                return () => {
                  opened += 1;
                  if (opened > mostStreams) throw new LimitError('mutant', 'streams', mostStreams);
                  return broken(target.open());
                };
              const value = Reflect.get(target, name, target) as unknown;
              return typeof value === 'function' ? (value.bind(target) as unknown) : value;
            },
          });
        },
      };
    },
  };
}

export const endsBothSides = brokenMuxer((stream) => ({
  end: () => {
    stream.end();
    stream.discard();
  },
}));
export const forgetsTheNumber = brokenMuxer((stream) => ({
  reset: (error) => {
    stream.reset(error);
  },
}));
export const grantsWithoutReading = brokenMuxer((stream) => ({
  credit: () => undefined,
  set reader(reader: MuxedStream['reader']) {
    stream.reader = reader && {
      onBytes: (bytes) => {
        stream.credit(bytes.byteLength);
        reader.onBytes(bytes);
      },
      onEnd: () => {
        reader.onEnd();
      },
      onReset: (...how) => {
        reader.onReset(...how);
      },
      onRoom: (room) => {
        reader.onRoom(room);
      },
      onClosed: () => {
        reader.onClosed();
      },
    };
  },
  get reader() {
    return stream.reader;
  },
}));
export const opensOnlyAFew = brokenMuxer(() => ({}), 150);
