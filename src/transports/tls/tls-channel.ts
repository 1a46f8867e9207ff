/** What TLS runs on, and what comes of it: a socket itself where there is a bare one, any other channel as a stream. */
import type { Duplex as NodeDuplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Duplex } from '../../core/duplex.js';
import type { PartContext } from '../../core/parts.js';
import { ReleasedSocket, resetSocket } from '../released-socket.js';
import { SocketDuplex } from '../socket-duplex.js';
import { DuplexStream } from './duplex-stream.js';

export interface TlsChannel {
  /** What Node's TLS reads and writes. */
  readonly stream: NodeDuplex;
  /** The secured channel, once the handshake is done. */
  secured(socket: TLSSocket): Duplex;
  /** Lets go of what is below, without ending it. */
  abandon(): void;
}

export function channelOf(duplex: Duplex, context: PartContext): TlsChannel {
  const released = duplex.release?.();
  return released instanceof ReleasedSocket ? onSocket(released) : onDuplex(duplex, context);
}

/** Bytes go between the kernel and TLS without passing through JavaScript. */
function onSocket({ socket, timing }: ReleasedSocket): TlsChannel {
  return {
    stream: socket,
    secured: (secured) =>
      new SocketDuplex(secured, {
        ...timing,
        name: 'tls',
        reset: (_, hasEnded) => {
          if (!socket.destroyed) resetSocket(socket, hasEnded);
          secured.destroy();
        },
      }),
    // Whoever owns the connection destroys the socket, and TLS ends with it.
    abandon: () => undefined,
  };
}

function onDuplex(duplex: Duplex, { scheduler }: PartContext): TlsChannel {
  const stream = new DuplexStream(duplex);
  // TLS tells of it as its own.
  stream.on('error', () => undefined);
  return {
    stream,
    secured: (secured) =>
      new SocketDuplex(secured, {
        scheduler,
        name: 'tls',
        reset: (error) => {
          duplex.sink.error(error);
          secured.destroy();
        },
      }),
    abandon: () => {
      stream.destroy();
    },
  };
}
