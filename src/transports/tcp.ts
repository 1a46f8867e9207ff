import { connect, type Socket } from 'node:net';
import { mergeMap, Observable, throwError, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, Libp2pError, TimeoutError } from '../core/errors.js';
import { hostAndPort, protocolNames, splitPeer, type HostAndPort } from '../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../core/parts.js';
import { show } from '../core/show.js';
import { checkedNumbers } from '../core/checked-numbers.js';
import { acceptSockets, discard, endsOf, socketSettings, type PortEvent } from './accept-sockets.js';
import type { SocketTiming } from './released-socket.js';
import { sharedPortsOf } from './shared-ports.js';
import { readShared, sharingReads } from './socket-events.js';
import { SocketDuplex } from './socket-duplex.js';

const DEFAULTS = {
  /** How long connecting may take. */
  connectTimeoutMs: 5_000,
  /** Silence before the system probes the other end. */
  keepAliveMs: 30_000,
  /** Connections that the system holds until they are accepted. */
  backlog: 511,
  /** A connection that takes nothing for so long while bytes wait for it is destroyed. */
  writeStallMs: 10_000,
};
/** Bounds and times of the transport, each with a default, and whether ports are shared. */
export type TcpOptions = { readonly [K in keyof typeof DEFAULTS]?: number | undefined } & {
  /**
   * Whether listeners of this host on the same address and port share it: those of this transport and those of
   * `webSocket()`, one of each kind (`…/tcp/N`, `…/tcp/N/ws`, `…/tcp/N/tls/ws`); a connection's first bytes decide. `false`
   * if left out: then a port is taken by the first.
   */
  readonly sharePorts?: boolean | undefined;
};

/**
 * The transport for `/ip4|ip6|dns*\/…/tcp/…`. Names are resolved by the system. Errors: ERR_TRANSPORT, ERR_TIMEOUT,
 * ERR_LISTEN_FAILED. Throws ERR_INVALID_OPTION.
 */
export function tcp(options: TcpOptions = {}): TransportPart {
  const checked = checkedNumbers('tcp', DEFAULTS, options, ['sharePorts']);
  const { sharePorts = false } = options as { readonly sharePorts?: unknown };
  if (typeof sharePorts !== 'boolean')
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `tcp: sharePorts is ${show(sharePorts)}; it takes true or false`,
    );
  return {
    kind: 'transport',
    name: 'tcp',
    sharesPorts: sharePorts,
    create: (context) => {
      if (sharePorts) sharedPortsOf(context).areShared = true;
      return new TcpTransport(checked, context);
    },
  };
}

class TcpTransport implements Transport {
  readonly name = 'tcp';
  private readonly timing: SocketTiming;

  constructor(
    private readonly options: typeof DEFAULTS,
    private readonly context: PartContext,
  ) {
    this.timing = { scheduler: context.scheduler, writeStallMs: options.writeStallMs };
  }

  canDial(addr: Multiaddr): boolean {
    return this.target(addr) !== undefined;
  }

  canListen(addr: Multiaddr): boolean {
    return this.target(addr)?.kind === 'ip';
  }

  dial(addr: Multiaddr): Observable<RawConnection> {
    return new Observable<RawConnection>((subscriber) => {
      const target = this.target(addr);
      if (target === undefined) {
        subscriber.error(
          new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `tcp cannot dial ${addr.toString()}`),
        );
        return;
      }
      const { host, port, family } = target;
      const settings = socketSettings(this.options.keepAliveMs);
      const socket = connect({ ...settings, host, port, family, onread: readShared });
      subscriber.add(this.attempt(socket, addr, subscriber));
    });
  }

  /** Waits for the connection, for `connectTimeoutMs` at most. What this returns destroys a socket that is not connected. */
  private attempt(socket: Socket, addr: Multiaddr, subscriber: Subscriber<RawConnection>): () => void {
    const { connectTimeoutMs } = this.options;
    let connected = false;
    const fail = (cause: Error): void => {
      const what = `tcp: cannot connect to ${addr.toString()}: ${codeOf(cause)}`;
      subscriber.error(new Libp2pError('ERR_TRANSPORT', 'network', what, { cause }));
    };
    const late = this.context.scheduler.schedule(() => {
      subscriber.error(new TimeoutError(`tcp: connecting to ${addr.toString()}`, connectTimeoutMs));
    }, connectTimeoutMs);
    socket.once('error', fail);
    socket.once('connect', () => {
      connected = true;
      late.unsubscribe();
      const connection = this.wrap(socket);
      socket.off('error', fail);
      if (connection === undefined) fail(new Error('the socket is gone'));
      else {
        subscriber.next(connection);
        subscriber.complete();
      }
    });
    return () => {
      late.unsubscribe();
      if (connected) return;
      // Whatever the abandoned attempt still reports is nobody's concern.
      socket.on('error', () => undefined);
      socket.destroy();
    };
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    const target = this.target(addr);
    if (target?.kind !== 'ip')
      return throwError(
        () => new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `tcp cannot listen on ${addr.toString()}`),
      );
    const { keepAliveMs, backlog } = this.options;
    const { scheduler } = this.context;
    const options = { name: 'tcp', addr, scheduler, keepAliveMs, backlog };
    const ports = sharedPortsOf(this.context);
    return ports.areShared
      ? ports.listen(target, options, {
          kind: 'multistream',
          take: (socket, later) => {
            later.attach(this.duplexOf(socket));
          },
          tail: (bound) => bound,
          toEnd: (end) => end,
        })
      : acceptSockets(target, options).pipe(mergeMap((event) => this.toListenEvents(event)));
  }

  private toListenEvents(event: PortEvent): readonly ListenEvent[] {
    if (event.type === 'bound') return [{ type: 'listening', addrs: event.addrs }];
    if (event.type === 'warning') return [event];
    const connection = this.wrap(sharingReads(event.socket));
    return connection === undefined ? [] : [{ type: 'inbound', connection }];
  }

  /** `undefined`, and the socket destroyed, if its other end is gone already. */
  private wrap(socket: Socket): RawConnection | undefined {
    const ends = endsOf(socket);
    if (ends === undefined) {
      discard(socket);
      return undefined;
    }
    return new TcpConnection(this.duplexOf(socket), ends.localAddr, ends.remoteAddr);
  }

  private duplexOf(socket: Socket): SocketDuplex {
    return new SocketDuplex(socket, this.timing);
  }

  /** Host and port, if there is nothing but them and perhaps a peer. */
  private target(addr: Multiaddr): HostAndPort | undefined {
    const { transport } = splitPeer(addr);
    const target = transport && hostAndPort(transport);
    return target?.protocol === 'tcp' && protocolNames(transport ?? addr).length === target.components
      ? target
      : undefined;
  }
}

/** A class, so that what is asked for seldom is not kept for every connection. */
class TcpConnection implements RawConnection {
  scope: RawConnection['scope'];

  constructor(
    readonly duplex: SocketDuplex,
    readonly localAddr: Multiaddr,
    readonly remoteAddr: Multiaddr,
  ) {}

  get released$(): Observable<never> {
    return this.duplex.released$;
  }

  heardBytes(): number {
    return this.duplex.heardBytes;
  }
}
