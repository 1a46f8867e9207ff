/** One TCP port for several transports of one host: the first bytes decide whose a connection is. @source go-libp2p tcpreuse, TR-11, TR-12 */
import type { Socket } from 'node:net';
import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { concatBytes, NO_BYTES } from '../core/bytes.js';
import { codeOf, Libp2pError } from '../core/errors.js';
import { hostAndPort, type HostAndPort } from '../core/multiaddr.js';
import type { ListenEvent, PartContext } from '../core/parts.js';
import {
  acceptSockets,
  discard,
  endsOf,
  listenFailed,
  type PortEvent,
  type PortOptions,
} from './accept-sockets.js';
import { kindOf, type Kind } from './first-bytes.js';
import { LaterConnection } from './later-connection.js';
import { LaterDuplex } from './later-duplex.js';
import { resetSocket } from './released-socket.js';

/** Who takes connections of one kind. */
export interface Taker {
  readonly kind: Kind;
  /** Makes `later` the channel of the socket, or fails it. Nothing of what has come is lost. */
  readonly take: (socket: Socket, later: LaterDuplex) => void;
  /** From where the port is bound to how this transport is dialed there … */
  readonly tail: (bound: Multiaddr) => Multiaddr;
  /** … and from an end of a socket to an end of its connections. */
  readonly toEnd: (end: Multiaddr) => Multiaddr;
}
interface Listening extends Taker {
  readonly subscriber: Subscriber<ListenEvent>;
}

/** The transports of one host are made in one context, and share no port with another's. */
const ofContext = new WeakMap<PartContext, SharedPorts>();

export function sharedPortsOf(context: PartContext): SharedPorts {
  const known = ofContext.get(context) ?? new SharedPorts();
  ofContext.set(context, known);
  return known;
}

export class SharedPorts {
  /** Whether somebody has asked for it. */
  areShared = false;
  private readonly ports: SharedPort[] = [];

  listen(target: HostAndPort, options: PortOptions, taker: Taker): Observable<ListenEvent> {
    return new Observable<ListenEvent>((subscriber) => {
      const listening = { ...taker, subscriber };
      const port = this.ports.find((open) => open.isAt(target)) ?? this.open(target, options);
      const failure = port.join(listening, options);
      if (failure !== undefined) {
        subscriber.error(failure);
        return undefined;
      }
      return () => {
        if (port.leave(listening)) this.forget(port);
      };
    });
  }

  private open(target: HostAndPort, options: PortOptions): SharedPort {
    const port: SharedPort = new SharedPort(target, options, () => {
      this.forget(port);
    });
    this.ports.push(port);
    return port;
  }

  private forget(port: SharedPort): void {
    const at = this.ports.indexOf(port);
    if (at >= 0) this.ports.splice(at, 1);
  }
}

class SharedPort {
  private readonly takers: Listening[] = [];
  private bound: readonly Multiaddr[] = [];
  private accepting: Subscription | undefined;

  constructor(
    private readonly target: HostAndPort,
    private readonly options: PortOptions,
    private readonly over: () => void,
  ) {}

  /** By its number; a port that the system is to choose is asked for only once, and has a number then. */
  isAt({ host, port }: HostAndPort): boolean {
    if (host !== this.target.host) return false;
    const own = this.target.port === 0 ? numberOf(this.bound) : this.target.port;
    return own === port;
  }

  /** Why not, if so. */
  join(taker: Listening, options: PortOptions): Error | undefined {
    if (this.takers.some(({ kind }) => kind === taker.kind))
      return listenFailed(options, 'another listener of this host has these connections of the port');
    this.takers.push(taker);
    if (this.bound.length > 0)
      taker.subscriber.next({ type: 'listening', addrs: this.bound.map(taker.tail) });
    this.accepting ??= acceptSockets(this.target, this.options).subscribe({
      next: (event) => {
        this.hear(event);
      },
      error: (error: unknown) => {
        this.over();
        for (const { subscriber } of this.takers.splice(0)) subscriber.error(error);
      },
    });
    return undefined;
  }

  /** Whether that was the last one, with whom the port closes. */
  leave(taker: Listening): boolean {
    const at = this.takers.indexOf(taker);
    if (at >= 0) this.takers.splice(at, 1);
    if (this.takers.length > 0) return false;
    this.accepting?.unsubscribe();
    return true;
  }

  private hear(event: PortEvent): void {
    if (event.type === 'socket') this.takeIn(event.socket);
    else if (event.type === 'warning') this.takers[0]?.subscriber.next(event);
    else {
      this.bound = event.addrs;
      for (const { subscriber, tail } of [...this.takers])
        subscriber.next({ type: 'listening', addrs: event.addrs.map(tail) });
    }
  }

  /** It is told of before a byte is read: the gater, the limits and the deadlines of what comes in hold from here on. */
  private takeIn(socket: Socket): void {
    const ends = endsOf(socket);
    const [first] = this.takers;
    if (ends === undefined || first === undefined) {
      discard(socket);
      return;
    }
    const later = new LaterDuplex(() => {
      resetSocket(socket, false);
    });
    const connection = new LaterConnection(later, socket, ends);
    tellKind(socket, later, (kind) => {
      const taker = this.takers.find((candidate) => candidate.kind === kind);
      if (taker === undefined) later.fail(nobody(kind));
      else {
        connection.settle(taker.toEnd);
        taker.take(socket, later);
      }
    });
    first.subscriber.next({ type: 'inbound', connection });
  }
}

/** Reads until it is known, and puts back what it has read; the socket is paused then. */
function tellKind(socket: Socket, later: LaterDuplex, tell: (kind: Kind | 'none') => void): void {
  let seen: Uint8Array = NO_BYTES;
  const hear = (chunk: Buffer): void => {
    seen = concatBytes(seen, chunk);
    const kind = kindOf(seen);
    if (kind === undefined) return;
    socket.off('data', hear);
    socket.off('end', ended);
    socket.off('error', broke);
    socket.off('close', ended);
    socket.pause();
    socket.unshift(seen);
    tell(kind);
  };
  const fail = (what: string, cause?: unknown): void => {
    later.fail(new Libp2pError('ERR_TRANSPORT', 'network', `tcp: ${what}`, { cause }));
  };
  const ended = (): void => {
    fail('the connection ended before it was known what it speaks');
  };
  const broke = (cause: Error): void => {
    fail(`the connection broke: ${codeOf(cause)}`, cause);
  };
  socket.on('data', hear);
  socket.on('end', ended);
  socket.on('error', broke);
  socket.on('close', ended);
  socket.resume();
}

function nobody(kind: Kind | 'none'): Libp2pError {
  const what = kind === 'none' ? 'what nobody here speaks' : `${kind}, which nobody here listens for`;
  return new Libp2pError('ERR_TRANSPORT', 'remote', `tcp: the remote speaks ${what}`);
}

function numberOf(bound: readonly Multiaddr[]): number | undefined {
  const [addr] = bound;
  return addr && hostAndPort(addr)?.port;
}
