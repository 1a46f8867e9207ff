/** A TCP port: where it is bound, who comes in, and what the system cannot do. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, Libp2pError } from '../core/errors.js';
import { tcpMultiaddr, type HostAndPort } from '../core/multiaddr.js';
import { boundHosts } from './bound-hosts.js';

export type PortEvent =
  | { readonly type: 'bound'; readonly addrs: readonly Multiaddr[] }
  /** Paused, so that nothing is lost until somebody reads. */
  | { readonly type: 'socket'; readonly socket: Socket }
  | { readonly type: 'warning'; readonly error: Error };
export interface PortOptions {
  /** For messages. */
  readonly name: string;
  readonly addr: Multiaddr;
  readonly scheduler: SchedulerLike;
  readonly keepAliveMs: number;
  readonly backlog: number;
}

/** Without descriptors, every attempt to accept fails: no need to say so each time. */
const WARN_EVERY_MS = 1_000;

/** How every TCP socket of this package is set up. */
export function socketSettings(keepAliveMs: number): {
  noDelay: true;
  keepAlive: true;
  keepAliveInitialDelay: number;
  allowHalfOpen: true;
} {
  return { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs, allowHalfOpen: true };
}

/** Emits `bound` once it is, then sockets. Errors with ERR_LISTEN_FAILED. Unsubscribing closes the port, and no socket. */
export function acceptSockets(target: HostAndPort, options: PortOptions): Observable<PortEvent> {
  return new Observable<PortEvent>((subscriber) => {
    const server = createServer({ ...socketSettings(options.keepAliveMs), pauseOnConnect: true });
    serve(server, options, subscriber);
    const { host, port, family } = target;
    server.listen({ host, port, backlog: options.backlog, ipv6Only: family === 6 });
    return () => {
      server.close();
    };
  });
}

function serve(server: Server, options: PortOptions, subscriber: Subscriber<PortEvent>): void {
  const failed = (cause: unknown): Libp2pError => listenFailed(options, codeOf(cause), cause);
  let warnedAt = -Infinity;
  server.on('listening', () => {
    // Binding takes a turn, in which the subscriber may have left.
    if (subscriber.closed) server.close();
    else report(server, failed, subscriber);
  });
  server.on('connection', (socket) => {
    if (subscriber.closed) discard(socket);
    else subscriber.next({ type: 'socket', socket });
  });
  server.on('error', (cause) => {
    if (!server.listening) {
      subscriber.error(failed(cause));
      return;
    }
    // Accepting failed, as it does without free descriptors: the listener lives on, and says so once a second at most.
    const now = options.scheduler.now();
    if (now - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now;
    subscriber.next({ type: 'warning', error: failed(cause) });
  });
  server.on('close', () => {
    subscriber.error(listenFailed(options, 'the system closed the port'));
  });
}

/** Its end is gone, or nobody wants it: what it still says is nobody's concern. */
export function discard(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.destroy();
}

/** Whose two ends a socket has; `undefined` if its other end is gone before it could be asked. */
export function endsOf(
  socket: Socket,
): { readonly localAddr: Multiaddr; readonly remoteAddr: Multiaddr } | undefined {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
  try {
    return {
      localAddr: tcpMultiaddr(localAddress, localPort),
      remoteAddr: tcpMultiaddr(remoteAddress, remotePort),
    };
  } catch {
    return undefined;
  }
}

/** Tells where it is bound, or fails as that does: the system may not say what its interfaces are. */
function report(server: Server, failed: (cause: unknown) => Error, subscriber: Subscriber<PortEvent>): void {
  let event: PortEvent;
  try {
    event = { type: 'bound', addrs: boundAddrs(server.address()) };
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

export function listenFailed(
  { name, addr }: Pick<PortOptions, 'name' | 'addr'>,
  why: string,
  cause?: unknown,
): Libp2pError {
  const what = `${name}: cannot listen on ${addr.toString()}: ${why}`;
  return new Libp2pError('ERR_LISTEN_FAILED', 'local', what, { cause });
}
