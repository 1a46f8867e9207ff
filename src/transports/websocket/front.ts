/** The server's side of HTTP: from a TCP socket to a WebSocket, or to an answer that says why not. */
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex as NodeDuplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { SchedulerLike, Subscription } from 'rxjs';
import { WebSocketServer } from 'ws';
import { asError, codeOf, quote, TimeoutError } from '../../core/errors.js';
import type { LaterDuplex } from '../later-duplex.js';
import {
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  socketRules,
  webSocketError,
  type WebSocketNumbers,
} from './limits.js';
import { webSocketDuplex } from './port.js';
import type { CertificateOptions } from './secure-options.js';

export interface FrontDeps {
  readonly numbers: WebSocketNumbers;
  readonly scheduler: SchedulerLike;
  /** Set: TLS is expected, and nothing else. */
  readonly certificate: CertificateOptions | undefined;
  /** Which pages may connect, by their origin; all, if left out. Programs have none. */
  readonly allowOrigin: ((origin: string | undefined) => boolean) | undefined;
}
interface Coming {
  readonly raw: Socket;
  readonly later: LaterDuplex;
  readonly over: TLSSocket | undefined;
  readonly late: Subscription;
}

const SENTENCE = 'This port speaks libp2p over WebSocket, and nothing else.';
const TOO_LARGE = 'HPE_HEADER_OVERFLOW';
/** The version of RFC 6455. */
const VERSION = '13';

export class Front {
  private readonly http: Server;
  private readonly upgrader: WebSocketServer;
  private readonly secureContext: SecureContext | undefined;
  private readonly coming = new WeakMap<NodeDuplex, Coming>();

  /** Throws what the platform says to a certificate or key that is none. */
  constructor(private readonly deps: FrontDeps) {
    const { certificate, numbers } = deps;
    this.secureContext = certificate && createSecureContext(contextOf(certificate));
    this.upgrader = new WebSocketServer({
      ...socketRules(numbers),
      noServer: true,
      clientTracking: false,
      // None is spoken, whatever is offered.
      handleProtocols: () => false,
    });
    this.http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAlive: false,
      insecureHTTPParser: false,
    });
    // One more is read than there may be, so that it is seen.
    this.http.maxHeadersCount = MAX_HEADERS + 1;
    this.hear();
  }

  /** Makes `later` the channel of the WebSocket that the socket becomes, or fails it. */
  take(raw: Socket, later: LaterDuplex): void {
    const { scheduler, numbers } = this.deps;
    const late = scheduler.schedule(() => {
      later.fail(new TimeoutError('websocket: the inbound upgrade', numbers.upgradeTimeoutMs, 'remote'));
    }, numbers.upgradeTimeoutMs);
    raw.on('error', (cause) => {
      later.fail(webSocketError('network', `the connection broke: ${codeOf(cause)}`, cause));
    });
    raw.once('close', () => {
      late.unsubscribe();
      later.fail(webSocketError('network', 'the connection was closed before it was a WebSocket'));
    });
    if (this.secureContext === undefined) this.serve({ raw, later, late, over: undefined });
    else this.secure(this.secureContext, { raw, later, late });
  }

  private secure(secureContext: SecureContext, { raw, later, late }: Omit<Coming, 'over'>): void {
    const over = new TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    over.on('error', (cause) => {
      later.fail(webSocketError('remote', `TLS: ${codeOf(cause)}`, cause));
    });
    endsTooSoon(over, later);
    over.once('secure', () => {
      this.serve({ raw, later, late, over });
    });
  }

  private serve(coming: Coming): void {
    const socket = coming.over ?? coming.raw;
    if (coming.over === undefined) endsTooSoon(coming.raw, coming.later);
    this.coming.set(socket, coming);
    this.http.emit('connection', socket);
    // It was paused when it was accepted.
    socket.resume();
  }

  private hear(): void {
    const plainly = (request: IncomingMessage): void => {
      this.refuse(request.socket, 426, `${nameOf(request)}, which asks for no WebSocket`);
    };
    this.http.on('request', plainly);
    this.http.on('checkContinue', plainly);
    this.http.on('checkExpectation', plainly);
    this.http.on('connect', plainly);
    this.http.on('clientError', (cause, socket) => {
      this.refuse(socket, codeOf(cause) === TOO_LARGE ? 431 : 400, `no HTTP: ${codeOf(cause)}`, cause);
    });
    this.http.on('upgrade', (request, socket, head) => {
      this.upgrade(request, socket, head);
    });
    this.upgrader.on('wsClientError', (cause, socket, request) => {
      const status = request.headers['sec-websocket-version'] === VERSION ? 400 : 426;
      this.refuse(socket, status, `${nameOf(request)}: ${cause.message}`, cause);
    });
  }

  private upgrade(request: IncomingMessage, socket: NodeDuplex, head: Buffer): void {
    const coming = this.coming.get(socket);
    if (coming === undefined || coming.later.isSettled) return;
    const refusal = this.refusal(request);
    if (refusal !== undefined) {
      this.refuse(socket, refusal.status, `${nameOf(request)}: ${refusal.why}`);
      return;
    }
    this.upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const { raw, later, late, over } = coming;
      late.unsubscribe();
      const { scheduler, numbers } = this.deps;
      later.attach(webSocketDuplex(webSocket, raw, over, { scheduler, writeStallMs: numbers.writeStallMs }));
    });
  }

  private refusal(request: IncomingMessage): { readonly status: number; readonly why: string } | undefined {
    const { host, origin } = request.headers;
    if (request.rawHeaders.length / 2 > MAX_HEADERS)
      return { status: 431, why: `more than ${String(MAX_HEADERS)} headers` };
    if (host === undefined) return { status: 400, why: 'no Host' };
    try {
      if (this.deps.allowOrigin?.(origin) === false)
        return { status: 403, why: `from the page ${quote(origin ?? 'of nobody')}` };
    } catch (error) {
      return { status: 500, why: `allowOrigin threw ${asError(error).message}` };
    }
    return undefined;
  }

  /** Answers, closes, and says so. What still comes is not read. */
  private refuse(socket: NodeDuplex, status: number, what: string, cause?: unknown): void {
    const coming = this.coming.get(socket);
    if (socket.writable) socket.end(answer(status));
    if (coming === undefined || coming.later.isSettled) return;
    coming.late.unsubscribe();
    coming.later.fail(webSocketError('remote', `${what}; answered with ${String(status)}`, cause), () => {
      coming.raw.destroySoon();
    });
  }
}

/** An end is no reason to wait for a deadline. */
function endsTooSoon(socket: Socket, later: LaterDuplex): void {
  socket.once('end', () => {
    later.fail(webSocketError('network', 'the connection ended before it was a WebSocket'));
  });
}

function answer(status: number): string {
  const more = status === 426 ? `Upgrade: websocket\r\nSec-WebSocket-Version: ${VERSION}\r\n` : '';
  const connection = status === 426 ? 'Upgrade, close' : 'close';
  return (
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\nConnection: ${connection}\r\n${more}` +
    `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${String(SENTENCE.length)}\r\n\r\n${SENTENCE}`
  );
}

function nameOf({ method = '', url = '' }: IncomingMessage): string {
  return quote(`${method} ${url}`);
}

function contextOf({ cert, key }: CertificateOptions): { cert: string | Buffer; key: string | Buffer } {
  const given = (pem: string | Uint8Array): string | Buffer =>
    typeof pem === 'string' ? pem : Buffer.from(pem);
  return { cert: given(cert), key: given(key) };
}
