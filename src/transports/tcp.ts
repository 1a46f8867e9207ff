import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Observable, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, Libp2pError, TimeoutError } from '../core/errors.js';
import { hostAndPort, protocolNames, splitPeer, tcpMultiaddr, type HostAndPort } from '../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../core/parts.js';
import { checkedNumbers } from '../core/checked-numbers.js';
import { boundHosts } from './bound-hosts.js';
import { SocketDuplex } from './socket-duplex.js';
import type { SocketTiming } from './released-socket.js';

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
/** Without descriptors, every attempt to accept fails: no need to say so each time. */
const WARN_EVERY_MS = 1_000;
export type TcpOptions = { readonly [K in keyof typeof DEFAULTS]?: number | undefined };

/**
 * The transport for `/ip4|ip6|dns*\/…/tcp/…`. Names are resolved by the system. Errors: ERR_TRANSPORT, ERR_TIMEOUT,
 * ERR_LISTEN_FAILED. Throws ERR_INVALID_OPTION.
 */
export function tcp(options: TcpOptions = {}): TransportPart {
  const checked = checkedNumbers('tcp', DEFAULTS, options);
  return { kind: 'transport', name: 'tcp', create: (context) => new TcpTransport(checked, context) };
}

class TcpTransport implements Transport {
  readonly name = 'tcp';
  private warnedAt = -Infinity;
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
      const socket = connect({ ...this.socketOptions(), host, port, family });
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

  private socketOptions(): {
    noDelay: true;
    keepAlive: true;
    keepAliveInitialDelay: number;
    allowHalfOpen: true;
  } {
    return {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: this.options.keepAliveMs,
      allowHalfOpen: true,
    };
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    return new Observable<ListenEvent>((subscriber) => {
      const target = this.target(addr);
      if (target?.kind !== 'ip') {
        subscriber.error(
          new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `tcp cannot listen on ${addr.toString()}`),
        );
        return;
      }
      const server = createServer({ ...this.socketOptions(), pauseOnConnect: true });
      this.serve(server, addr, subscriber);
      server.listen({
        host: target.host,
        port: target.port,
        backlog: this.options.backlog,
        ipv6Only: target.family === 6,
      });
      return () => {
        server.close();
      };
    });
  }

  private serve(server: Server, addr: Multiaddr, subscriber: Subscriber<ListenEvent>): void {
    const failed = (cause: unknown): Libp2pError => listenFailed(addr, codeOf(cause), cause);
    server.on('listening', () => {
      // Binding takes a turn, in which the subscriber may have left.
      if (subscriber.closed) server.close();
      else report(subscriber, failed, () => ({ type: 'listening', addrs: boundAddrs(server.address()) }));
    });
    server.on('connection', (socket) => {
      const connection = this.wrap(socket);
      if (subscriber.closed) connection?.duplex.sink.error(failed(new Error('the listener was closed')));
      else if (connection !== undefined) subscriber.next({ type: 'inbound', connection });
    });
    server.on('error', (cause) => {
      if (server.listening) this.warn(failed(cause), subscriber);
      else subscriber.error(failed(cause));
    });
    server.on('close', () => {
      subscriber.error(listenFailed(addr, 'the system closed the port'));
    });
  }

  /** Accepting failed, as it does without free descriptors: the listener lives on, and says so once a second at most. */
  private warn(error: Libp2pError, subscriber: Subscriber<ListenEvent>): void {
    const now = this.context.scheduler.now();
    if (now - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = now;
    subscriber.next({ type: 'warning', error });
  }

  /** `undefined`, and the socket destroyed, if its other end is gone already. */
  private wrap(socket: Socket): RawConnection | undefined {
    try {
      const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
      const localAddr = tcpMultiaddr(localAddress, localPort);
      const remoteAddr = tcpMultiaddr(remoteAddress, remotePort);
      const duplex = new SocketDuplex(socket, this.timing);
      return new TcpConnection(duplex, localAddr, remoteAddr);
    } catch {
      // Its end is gone before it could be asked for its address.
      socket.on('error', () => undefined);
      socket.destroy();
      return undefined;
    }
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

function listenFailed(addr: Multiaddr, why: string, cause?: unknown): Libp2pError {
  const what = `tcp: cannot listen on ${addr.toString()}: ${why}`;
  return new Libp2pError('ERR_LISTEN_FAILED', 'local', what, { cause });
}

/** Tells what `make` makes, or fails as it does: the system may not say what its interfaces are. */
function report(
  subscriber: Subscriber<ListenEvent>,
  failed: (cause: unknown) => Error,
  make: () => ListenEvent,
): void {
  let event: ListenEvent;
  try {
    event = make();
  } catch (cause) {
    subscriber.error(failed(cause));
    return;
  }
  subscriber.next(event);
}

function boundAddrs(bound: AddressInfo | string | null): readonly Multiaddr[] {
  if (bound === null || typeof bound === 'string') return [];
  return boundHosts(bound.address).map((host) => tcpMultiaddr(host, bound.port));
}
