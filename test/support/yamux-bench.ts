import { toHex } from '../../src/core/bytes.js';
import type { Bytes, CloseReason } from '../../src/core/duplex.js';
import type { MuxedReader, MuxedStream } from '../../src/core/muxed-stream.js';
import type { MuxerSession } from '../../src/core/parts.js';
import { yamux, type YamuxOptions } from '../../src/protocols/yamux/yamux.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair, record } from './duplex-pair.js';
import { fromHex } from './vectors.js';

/** A stream's reader that writes down what it is told, and gives window back if it is asked to. */
export class Recorder implements MuxedReader {
  readonly chunks: Bytes[] = [];
  readonly told: string[] = [];
  error: Error | undefined;
  constructor(
    readonly muxed: MuxedStream,
    private readonly credits = true,
  ) {
    muxed.reader = this;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  onBytes(bytes: Bytes): void {
    this.chunks.push(bytes);
    if (this.credits) this.muxed.credit(bytes.byteLength);
  }
  onEnd(): void {
    this.told.push('end');
  }
  onReset(error: Error, by: string, code: number | undefined): void {
    this.error = error;
    this.told.push(`reset by ${by} ${String(code)}`);
  }
  onRoom(hasRoom: boolean): void {
    this.told.push(hasRoom ? 'room' : 'full');
  }
  onClosed(): void {
    this.told.push('closed');
  }
}

export interface End {
  readonly session: MuxerSession;
  readonly streams: Recorder[];
  readonly closed: CloseReason[];
}
export function bench(
  options: {
    role?: 'client' | 'server';
    credits?: boolean;
    answer?: (stream: Recorder) => void;
    yamux?: YamuxOptions;
  } = {},
) {
  const pair = duplexPair();
  const start = (duplex: typeof pair.near, role: 'client' | 'server'): End => {
    const streams: Recorder[] = [];
    const closed: CloseReason[] = [];
    const part = yamux(options.yamux).create({ scheduler: pair.clock, random: seededRandom(1) });
    const session = part.mux(duplex, role, {
      onStream: (muxed) => {
        const stream = new Recorder(muxed, options.credits);
        streams.push(stream);
        options.answer?.(stream);
      },
      onClose: (reason) => closed.push(reason),
    });
    session.start();
    return { session, streams, closed };
  };
  return { ...pair, start };
}
/** One end of ours against raw frames. */
export function against(role: 'client' | 'server', credits = true, yamux?: YamuxOptions) {
  const table = bench({ credits, ...(yamux === undefined ? {} : { yamux }) });
  const sent = record(table.far);
  const end = table.start(table.near, role);
  table.settle();
  const send = (hex: string, forMs = 0): void => {
    table.far.sink.next(fromHex(hex));
    table.settle(forMs);
  };
  // Behind the first ping.
  return { ...table, ...end, send, sent: () => toHex(sent.bytes()).slice(24) };
}
