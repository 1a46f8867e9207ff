import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import WebSocket from 'ws';
import type { Multiaddr } from '@multiformats/multiaddr';
import { codeOf, quote, TimeoutError } from '../../core/errors.js';
import type { RandomSource } from '../../core/identity.js';
import type { RawConnection } from '../../core/parts.js';
import { discard, endsOf, socketSettings } from '../accept-sockets.js';
import { LaterConnection } from '../later-connection.js';
import { MAX_HEADER_BYTES, socketRules, webSocketError, type WebSocketNumbers } from './limits.js';
import { Masks } from './masks.js';
import { urlOf, withTail, type Place } from './place.js';
import { webSocketDuplex } from './port.js';
import type { TrustOptions } from './secure-options.js';

export interface DialDeps {
  readonly numbers: WebSocketNumbers;
  readonly trust: TrustOptions;
  readonly scheduler: SchedulerLike;
  readonly random: RandomSource;
}

/** Emits one channel and completes. Unsubscribing before that destroys the socket. */
export function dialWebSocket(place: Place, addr: Multiaddr, deps: DialDeps): Observable<RawConnection> {
  return new Observable<RawConnection>((subscriber) => {
    const attempt = new Attempt(place, addr, deps, subscriber);
    subscriber.add(() => {
      attempt.giveUp();
    });
    attempt.begin();
  });
}

class Attempt {
  private readonly raw: Socket;
  private webSocket: WebSocket | undefined;
  private readonly masks: Masks;
  private done = false;

  constructor(
    private readonly place: Place,
    private readonly addr: Multiaddr,
    private readonly deps: DialDeps,
    private readonly subscriber: Subscriber<RawConnection>,
  ) {
    const { host, port, family } = place;
    this.masks = new Masks(deps.random);
    const settings = socketSettings(deps.numbers.keepAliveMs);
    this.raw = connect({ ...settings, host, port, family });
  }

  begin(): void {
    const { connectTimeoutMs, upgradeTimeoutMs } = this.deps.numbers;
    const late = this.deadline(`connecting to ${this.addr.toString()}`, connectTimeoutMs);
    this.raw.on('error', (cause) => {
      if (this.webSocket === undefined)
        this.fail(`cannot connect to ${this.addr.toString()}: ${codeOf(cause)}`, cause);
      else this.noWebSocket(cause);
    });
    this.raw.once('connect', () => {
      late.unsubscribe();
      this.deadline(`the upgrade of ${this.addr.toString()}`, upgradeTimeoutMs);
      this.upgrade();
    });
  }

  giveUp(): void {
    if (this.done) return;
    this.done = true;
    // Whatever the abandoned attempt still reports is nobody's concern.
    this.webSocket?.on('error', () => undefined);
    this.webSocket?.terminate();
    discard(this.raw);
  }

  private upgrade(): void {
    const over = this.place.secure ? this.secure() : undefined;
    const webSocket = new WebSocket(urlOf(this.place), {
      ...socketRules(this.deps.numbers),
      ...{ maxHeaderSize: MAX_HEADER_BYTES },
      followRedirects: false,
      generateMask: (mask) => {
        this.masks.fill(mask);
      },
      // Its signature is that of `net.connect`, all forms of it.
      createConnection: (() => over ?? this.raw) as typeof connect,
    });
    this.webSocket = webSocket;
    webSocket.on('error', (cause) => {
      this.noWebSocket(cause);
    });
    webSocket.once('open', () => {
      this.opened(webSocket, over);
    });
  }

  private secure(): TLSSocket {
    const { serverName, host } = this.place;
    const { ca, rejectUnauthorized = true } = this.deps.trust;
    return connectTls({
      socket: this.raw,
      // An address is no name, and is compared as what it is.
      ...(serverName === undefined ? { host } : { servername: serverName, host: serverName }),
      ...(ca !== undefined && { ca: [ca].flat() }),
      rejectUnauthorized,
      ALPNProtocols: ['http/1.1'],
    });
  }

  private opened(webSocket: WebSocket, over: TLSSocket | undefined): void {
    const ends = endsOf(this.raw);
    if (ends === undefined || this.done) return;
    const { scheduler, numbers } = this.deps;
    this.done = true;
    const timing = { scheduler, writeStallMs: numbers.writeStallMs };
    const duplex = webSocketDuplex(webSocket, this.raw, over, timing, this.masks);
    const tail = { tail: this.place.secure ? '/tls/ws' : '/ws' };
    const remoteAddr = withTail(ends.remoteAddr, this.place);
    const localAddr = withTail(ends.localAddr, tail);
    this.subscriber.next(new LaterConnection(duplex, this.raw, { localAddr, remoteAddr }));
    this.subscriber.complete();
  }

  private deadline(stage: string, afterMs: number): { unsubscribe(): void } {
    const late = this.deps.scheduler.schedule(() => {
      this.subscriber.error(new TimeoutError(`websocket: ${stage}`, afterMs));
    }, afterMs);
    this.subscriber.add(late);
    return late;
  }

  private noWebSocket(cause: Error): void {
    this.fail(`no WebSocket at ${this.addr.toString()}: ${quote(cause.message)}`, cause);
  }

  private fail(what: string, cause: unknown): void {
    if (!this.done) this.subscriber.error(webSocketError('network', what, cause));
  }
}
