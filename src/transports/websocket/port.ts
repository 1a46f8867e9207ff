/** An open WebSocket in the clothes of the socket that `SocketDuplex` knows: one slice of bytes is one message. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type WebSocket from 'ws';
import type { RawData } from 'ws';
import type { Duplex } from '../../core/duplex.js';
import { quote } from '../../core/errors.js';
import { resetSocket, type SocketTiming } from '../released-socket.js';
import { SocketDuplex } from '../socket-duplex.js';
import { plainFrame, type Masker } from './frame.js';
import { webSocketError } from './limits.js';

/** Said in order, with a number or without. @source go-libp2p websocket: 1000 and 1005 are an end, all others are not */
const ENDS = [1000, 1005];
/** We do not take text. @source RFC 6455, 7.4.1 */
const UNSUPPORTED_DATA = 1003;

/** What a WebSocket is on. */
export interface Under {
  /** The TCP socket at the bottom. */
  readonly raw: Socket;
  /** TLS on it, where there is. */
  readonly over: TLSSocket | undefined;
  /** A client's. */
  readonly masker: Masker | undefined;
}

/** The bytes of the messages of a WebSocket that is open. */
export function webSocketDuplex(
  webSocket: WebSocket,
  { raw, over, masker }: Under,
  timing: SocketTiming,
): Duplex {
  const port = new WebSocketPort(webSocket, raw, over ?? raw, masker);
  // What `SocketDuplex` uses of a socket is what the port has.
  return new SocketDuplex(port as unknown as Socket, {
    ...timing,
    name: 'websocket',
    reset: (_, hasEnded) => {
      // Under TLS, a connection that is cut is told from one that has ended without a reset.
      if (over === undefined) resetSocket(raw, hasEnded);
      webSocket.terminate();
    },
  });
}

class WebSocketPort extends EventEmitter {
  closed = false;
  private gathered: Uint8Array[] = [];
  private gatheredBytes = 0;
  private corked = false;
  private failed = false;

  constructor(
    private readonly webSocket: WebSocket,
    private readonly raw: Socket,
    /** `ws` writes its control frames here, each in one piece, and so are ours. */
    private readonly socket: Socket,
    private readonly masker: Masker | undefined,
  ) {
    super();
    webSocket.on('message', (data, isBinary) => {
      this.heard(data, isBinary);
    });
    webSocket.on('error', (cause) => {
      this.fail(webSocketError('remote', `what came is no WebSocket: ${quote(cause.message)}`, cause));
    });
    webSocket.on('close', (code) => {
      if (ENDS.includes(code)) this.emit('end');
      else
        this.fail(webSocketError('network', `the connection was lost, or closed with code ${String(code)}`));
      this.closed = true;
      this.emit('close');
    });
  }

  get bytesRead(): number {
    return this.raw.bytesRead;
  }
  get writable(): boolean {
    return this.webSocket.readyState === this.webSocket.OPEN;
  }
  get writableLength(): number {
    return this.gatheredBytes + this.webSocket.bufferedAmount;
  }
  get destroyed(): boolean {
    return this.webSocket.readyState === this.webSocket.CLOSED;
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  cork(): void {
    this.corked = true;
  }

  write(bytes: Uint8Array, written?: (error?: Error | null) => void): void {
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.byteLength;
    if (written !== undefined || !this.corked) this.send(written);
  }

  uncork(): void {
    this.corked = false;
  }

  /** A WebSocket has no half-close: this ends both directions, when the remote has heard all. */
  end(): void {
    this.webSocket.close(1000);
  }

  private send(written?: (error?: Error | null) => void): void {
    const { gathered, gatheredBytes, socket } = this;
    this.gathered = [];
    this.gatheredBytes = 0;
    if (!this.writable) return;
    if (this.masker !== undefined) {
      socket.write(this.masker.frame(gathered, gatheredBytes), written);
      return;
    }
    socket.cork();
    const frame = plainFrame(gathered, gatheredBytes);
    for (const [at, piece] of frame.entries())
      socket.write(piece, at === frame.length - 1 ? written : undefined);
    socket.uncork();
  }

  private heard(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      this.fail(webSocketError('remote', 'a text message, where all is binary'));
      this.webSocket.close(UNSUPPORTED_DATA);
    } else if (!this.failed) this.emit('data', data);
  }

  private fail(error: Error): void {
    if (this.failed) return;
    this.failed = true;
    this.emit('error', error);
  }
}
