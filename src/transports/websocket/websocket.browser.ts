/** WebSockets where the platform has them and Node's sockets are not: browsers. They dial; nobody can listen. */
import { Observable, throwError, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { checkedNumbers } from '../../core/checked-numbers.js';
import { asError, Libp2pError, TimeoutError } from '../../core/errors.js';
import { parseMultiaddr, splitPeer } from '../../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../../core/parts.js';
import { show } from '../../core/show.js';
import { webSocketError } from './limits.js';
import { placeOf, urlOf, type Place } from './place.js';
import { PlatformDuplex, type PlatformSocket } from './platform-duplex.js';

const NUMBERS = {
  /** How long connecting may take, TLS and the request of HTTP included. */
  connectTimeoutMs: 10_000,
  /** A connection that takes nothing for so long while bytes wait for it is closed. */
  writeStallMs: 10_000,
};
/** The platform's class, or one in its place. */
type PlatformWebSocket = new (url: string) => PlatformSocket;
export type WebSocketOptions = { readonly [K in keyof typeof NUMBERS]?: number | undefined } & {
  /** The platform's `WebSocket`, if left out. */
  readonly WebSocket?: PlatformWebSocket | undefined;
};
/** A page is not told where it is. */
const NOWHERE = {
  plain: parseMultiaddr('/ip4/0.0.0.0/tcp/0/ws'),
  secure: parseMultiaddr('/ip4/0.0.0.0/tcp/0/tls/ws'),
};

/**
 * The transport for `/ip4|ip6|dns*\/…/tcp/…` and then `/ws`, `/tls/ws`, `/wss` or `/tls/sni/<name>/ws`: it dials, through the
 * platform's `WebSocket`. That cannot be paused: 4 MiB that come and are not read end the connection. Errors:
 * ERR_TRANSPORT, ERR_TIMEOUT, ERR_WRITE_STALLED, ERR_LIMIT. Throws ERR_INVALID_OPTION.
 *
 * @source RFC 6455; WHATWG WebSockets; libp2p WebSockets specification
 */
export function webSocket(options: WebSocketOptions = {}): TransportPart {
  const numbers = checkedNumbers('webSocket', NUMBERS, options, ['WebSocket']);
  const given: unknown = options.WebSocket;
  if (given !== undefined && typeof given !== 'function')
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `webSocket: WebSocket is ${show(given)}; it takes a class`,
    );
  return {
    kind: 'transport',
    name: 'websocket',
    create: (context) => new PlatformTransport(numbers, options.WebSocket, context),
  };
}

class PlatformTransport implements Transport {
  readonly name = 'websocket';

  constructor(
    private readonly numbers: typeof NUMBERS,
    private readonly given: PlatformWebSocket | undefined,
    private readonly context: PartContext,
  ) {}

  canDial(addr: Multiaddr): boolean {
    return placeOf(addr) !== undefined;
  }

  canListen(): boolean {
    return false;
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    return throwError(() => unsupported('listen on', addr));
  }

  dial(addr: Multiaddr): Observable<RawConnection> {
    return new Observable<RawConnection>((subscriber) => {
      const place = placeOf(addr);
      if (place === undefined) subscriber.error(unsupported('dial', addr));
      else this.attempt(place, addr, subscriber);
    });
  }

  private attempt(place: Place, addr: Multiaddr, subscriber: Subscriber<RawConnection>): void {
    const { scheduler } = this.context;
    const { connectTimeoutMs, writeStallMs } = this.numbers;
    const to = addr.toString();
    const socket = this.open(place, to, subscriber);
    if (socket === undefined) return;
    let open = false;
    subscriber.add(
      scheduler.schedule(() => {
        subscriber.error(new TimeoutError(`websocket: connecting to ${to}`, connectTimeoutMs));
      }, connectTimeoutMs),
    );
    subscriber.add(() => {
      if (!open) socket.close();
    });
    socket.onopen = () => {
      if (subscriber.closed) return;
      open = true;
      subscriber.next(connectionOf(new PlatformDuplex(socket, { scheduler, writeStallMs }), place, addr));
      subscriber.complete();
    };
    socket.onclose = ({ code }) => {
      subscriber.error(
        webSocketError(
          'network',
          `no WebSocket at ${to}: closed with code ${String(code)}, and the platform says no more`,
        ),
      );
    };
  }

  /** The platform refuses at once what a page may not ask for. */
  private open(place: Place, to: string, subscriber: Subscriber<RawConnection>): PlatformSocket | undefined {
    try {
      const made = new (this.given ?? platformWebSocket())(urlOf(place));
      made.binaryType = 'arraybuffer';
      return made;
    } catch (cause) {
      const why = asError(cause).message;
      subscriber.error(webSocketError('local', `the platform opens no WebSocket to ${to}: ${why}`, cause));
      return undefined;
    }
  }
}

function platformWebSocket(): PlatformWebSocket {
  const { WebSocket } = globalThis as { WebSocket?: unknown };
  if (typeof WebSocket !== 'function') throw new Error('it has none');
  // What a platform calls so has this shape; it is narrower than what the platform's events carry.
  return WebSocket as PlatformWebSocket;
}

function connectionOf(duplex: PlatformDuplex, place: Place, addr: Multiaddr): RawConnection {
  return {
    duplex,
    localAddr: place.secure ? NOWHERE.secure : NOWHERE.plain,
    remoteAddr: splitPeer(addr).transport ?? addr,
    heardBytes: () => duplex.heardBytes,
  };
}

function unsupported(what: string, addr: Multiaddr): Libp2pError {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `websocket cannot ${what} ${addr.toString()}`);
}
