/** An open WebSocket in the clothes of the socket that `SocketDuplex` knows: one slice of bytes is one message. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type WebSocket from 'ws';
import type { RawData } from 'ws';
import { concatBytes } from '../../core/bytes.js';
import type { Duplex } from '../../core/duplex.js';
import { quote } from '../../core/errors.js';
import { resetSocket, type SocketTiming } from '../released-socket.js';
import { SocketDuplex } from '../socket-duplex.js';
import { webSocketError } from './limits.js';
import type { Masks } from './masks.js';

/** Said in order, with a number or without. @source go-libp2p websocket: 1000 and 1005 are an end, all others are not */
const ENDS = [1000, 1005];
/** We do not take text. @source RFC 6455, 7.4.1 */
const UNSUPPORTED_DATA = 1003;

/** The bytes of the messages; `masks` is a client's. `raw` is the TCP socket at the bottom; `over` is where the WebSocket is on, if that is TLS. */
export function webSocketDuplex(
  webSocket: WebSocket,
  raw: Socket,
  over: TLSSocket | undefined,
  timing: SocketTiming,
  masks?: Masks,
): Duplex {
  const port = new WebSocketPort(webSocket, raw, masks);
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
    private readonly masks: Masks | undefined,
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

  write(bytes: Uint8Array, written?: (error?: Error) => void): void {
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

  private send(written: (error?: Error) => void = () => undefined): void {
    const [only] = this.gathered;
    const message = only !== undefined && this.gathered.length === 1 ? only : concatBytes(...this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    this.masks?.announce(message.byteLength);
    this.webSocket.send(message, written);
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
