import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Observable, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError, codeOf, Libp2pError, TimeoutError } from '../core/errors.js';
import {
  hostAndPort,
  parseMultiaddr,
  protocolNames,
  splitPeer,
  tcpMultiaddr,
  type HostAndPort,
} from '../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../core/parts.js';
import { checkedNumbers } from './options.js';
import { SocketDuplex } from './socket-duplex.js';

const DEFAULTS = {
  /** How long connecting may take. */
  connectTimeoutMs: 5_000,
  /** Silence before the system probes the other end. */
  keepAliveMs: 30_000,
  /** Connections that the system holds until they are accepted. */
  backlog: 511,
};
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

  constructor(
    private readonly options: typeof DEFAULTS,
    private readonly context: PartContext,
  ) {}

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
    server.on('listening', () => {
      subscriber.next({ type: 'listening', addrs: boundAddrs(server.address()) });
    });
    server.on('connection', (socket) => {
      const connection = this.wrap(socket);
      if (connection !== undefined) subscriber.next({ type: 'inbound', connection });
    });
    server.on('error', (cause) => {
      const error = new Libp2pError(
        'ERR_LISTEN_FAILED',
        'local',
        `tcp: cannot listen on ${addr.toString()}: ${codeOf(cause)}`,
        { cause },
      );
      if (server.listening) subscriber.next({ type: 'warning', error });
      else subscriber.error(error);
    });
    // Node drops a connection when it has no descriptor for it, and says so here.
    server.on('drop', () => {
      subscriber.next({
        type: 'warning',
        error: new Libp2pError('ERR_TRANSPORT', 'local', 'tcp: a connection could not be accepted'),
      });
    });
  }

  /** `undefined`, and the socket destroyed, if its other end is gone already. */
  private wrap(socket: Socket): RawConnection | undefined {
    try {
      const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
      const localAddr = tcpMultiaddr(localAddress, localPort);
      const remoteAddr = tcpMultiaddr(remoteAddress, remotePort);
      const duplex = new SocketDuplex(socket, this.context.scheduler);
      return { duplex, localAddr, remoteAddr, released$: duplex.released$ };
    } catch (error) {
      socket.on('error', () => asError(error));
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

/** Where a server is bound; "everywhere" becomes the addresses of this machine's interfaces, but for IPv6 link-local ones. */
function boundAddrs(bound: AddressInfo | string | null): readonly Multiaddr[] {
  if (bound === null || typeof bound === 'string') return [];
  if (bound.address !== '0.0.0.0' && bound.address !== '::') return [tcpMultiaddr(bound.address, bound.port)];
  const family = bound.address === '::' ? 'IPv6' : 'IPv4';
  const hosts = Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .filter((info) => info.family === family && !info.address.startsWith('fe80:'))
    .map((info) => info.address);
  return hosts.map((host) =>
    parseMultiaddr(`/${family === 'IPv6' ? 'ip6' : 'ip4'}/${host}/tcp/${String(bound.port)}`),
  );
}
