/** A native QUIC connection that is none: two ends in memory, with the addon's habits, its windows and its texts. */
import type { NativeConnection, NativeStream } from '../../src/transports/quic/addon.js';

type Bytes = Uint8Array<ArrayBuffer>;
interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}
const said = (text: string): Error => Object.assign(new Error(text), { code: 'Unknown' });

/** One direction: what was written and not read, and how it ended. */
class Pipe {
  readonly chunks: Bytes[] = [];
  held = 0;
  finished = false;
  reset: number | undefined;
  stopped: number | undefined;
  reader: (Waiter<Bytes | null> & { readonly max: number }) | undefined;
  writer: (Waiter<void> & { bytes: Uint8Array }) | undefined;
  /** What waits for the read or the write that is under way. */
  readonly behindWrite: (() => void)[] = [];
  readonly behindRead: (() => void)[] = [];

  constructor(
    private readonly windowBytes: number,
    private readonly lost: () => string | undefined,
  ) {}

  read(max: number): Promise<Bytes | null> {
    if (this.reader !== undefined) throw new Error('two reads at once');
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject, max };
      this.move();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.writer !== undefined) throw new Error('two writes at once');
    return new Promise((resolve, reject) => {
      this.writer = { resolve, reject, bytes };
      this.move();
    });
  }

  afterWrite(work: () => void): Promise<void> {
    return this.after(this.writer === undefined, this.behindWrite, work);
  }

  afterRead(work: () => void): Promise<void> {
    return this.after(this.reader === undefined, this.behindRead, work);
  }

  private after(free: boolean, queue: (() => void)[], work: () => void): Promise<void> {
    return new Promise((resolve) => {
      const run = (): void => {
        work();
        resolve();
        this.move();
      };
      if (free) run();
      else queue.push(run);
    });
  }

  move(): void {
    this.take();
    this.give();
  }

  private take(): void {
    const { writer } = this;
    if (writer === undefined) return;
    const error =
      this.stopped === undefined ? this.lost() : `sending stopped by peer: error ${String(this.stopped)}`;
    if (error !== undefined) {
      this.doneWriting(() => {
        writer.reject(said(error));
      });
      return;
    }
    const part = writer.bytes.slice(0, this.windowBytes - this.held);
    if (part.byteLength > 0) this.chunks.push(new Uint8Array(part));
    this.held += part.byteLength;
    writer.bytes = writer.bytes.subarray(part.byteLength);
    if (writer.bytes.byteLength === 0)
      this.doneWriting(() => {
        writer.resolve();
      });
  }

  private doneWriting(settle: () => void): void {
    this.writer = undefined;
    settle();
    for (const run of this.behindWrite.splice(0)) run();
  }

  private give(): void {
    const { reader } = this;
    if (reader === undefined) return;
    const settle = (settled: () => void): void => {
      this.reader = undefined;
      settled();
      for (const run of this.behindRead.splice(0)) run();
    };
    const [first] = this.chunks;
    if (this.reset !== undefined)
      settle(() => {
        reader.reject(said(`stream reset by peer: error ${String(this.reset)}`));
      });
    else if (first !== undefined) {
      const part = new Uint8Array(first.subarray(0, reader.max));
      if (part.byteLength === first.byteLength) this.chunks.shift();
      else this.chunks[0] = first.subarray(part.byteLength);
      this.held -= part.byteLength;
      settle(() => {
        reader.resolve(part);
      });
      this.move();
    } else if (this.finished)
      settle(() => {
        reader.resolve(null);
      });
    else if (this.lost() !== undefined)
      settle(() => {
        reader.reject(said('connection lost'));
      });
  }
}

export class FakeConnection implements NativeConnection {
  other!: FakeConnection;
  /** What the addon says once the connection is over. */
  lost: string | undefined;
  /** Streams that may still be opened. */
  credit = Infinity;
  aborts = 0;
  frames = 0;
  rttMs = 0;
  private readonly inbound: NativeStream[] = [];
  private accepting: Waiter<NativeStream> | undefined;
  private readonly opening: Waiter<NativeStream>[] = [];
  private readonly ended: (() => void)[] = [];
  private readonly pipes: Pipe[] = [];
  private next = 0;

  constructor(
    private readonly windowBytes: number,
    readonly addr: string,
  ) {}

  inboundStream(): Promise<NativeStream> {
    return new Promise((resolve, reject) => {
      this.accepting = { resolve, reject };
      this.move();
    });
  }

  outboundStream(): Promise<NativeStream> {
    return new Promise((resolve, reject) => {
      this.opening.push({ resolve, reject });
      this.move();
    });
  }

  /** The remote allows so many more. */
  allow(more: number): void {
    this.credit += more;
    this.move();
  }

  abort(): void {
    this.aborts += 1;
    this.end('closed');
    this.other.end('closed by peer: 0');
  }

  end(text: string): void {
    if (this.lost !== undefined) return;
    this.lost = text;
    this.move();
    for (const pipe of this.pipes) pipe.move();
    for (const done of this.ended) done();
  }

  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.lost === undefined) this.ended.push(resolve);
      else resolve();
    });
  }

  rtt(): number {
    return this.rttMs;
  }

  remoteMultiaddr(): string {
    return this.addr;
  }

  stats(): { readonly frameTxStream: number } {
    return { frameTxStream: this.frames };
  }

  private move(): void {
    const { lost } = this;
    for (const waiter of lost === undefined ? this.opening.splice(0, this.credit) : this.opening.splice(0)) {
      if (lost !== undefined) waiter.reject(said(lost));
      else {
        this.credit -= 1;
        waiter.resolve(this.open());
      }
    }
    const { accepting } = this;
    if (accepting === undefined) return;
    const native = this.inbound.shift();
    if (native === undefined && lost === undefined) return;
    this.accepting = undefined;
    if (native !== undefined) accepting.resolve(native);
    else accepting.reject(said(lost ?? ''));
  }

  private open(): NativeStream {
    const near = new Pipe(this.windowBytes, () => this.lost);
    const far = new Pipe(this.windowBytes, () => this.lost);
    for (const end of [this, this.other]) end.pipes.push(near, far);
    let announced = false;
    const id = String(this.next);
    this.next += 1;
    const announce = (): void => {
      if (announced) return;
      announced = true;
      this.other.inbound.push(streamOf(id, far, near, () => undefined));
      this.other.move();
    };
    return streamOf(id, near, far, () => {
      this.frames += 1;
      announce();
    });
  }
}

function streamOf(id: string, out: Pipe, into: Pipe, sends: () => void): NativeStream {
  return {
    id: () => id,
    read: (max) => into.read(max),
    write: (bytes) => {
      sends();
      return out.write(bytes);
    },
    finishWrite: () =>
      out.afterWrite(() => {
        sends();
        out.finished = true;
      }),
    resetWrite: () =>
      out.afterWrite(() => {
        sends();
        out.reset = 0;
      }),
    stopRead: () =>
      into.afterRead(() => {
        into.stopped = 0;
      }),
  };
}

/** Two ends of one connection; each stream's window is so large. */
export function quicPair(windowBytes = 64 * 1024): {
  readonly near: FakeConnection;
  readonly far: FakeConnection;
} {
  const addr = (port: number): string =>
    `/ip4/127.0.0.1/udp/${String(port)}/quic-v1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5`;
  const [near, far] = [new FakeConnection(windowBytes, addr(1)), new FakeConnection(windowBytes, addr(2))];
  near.other = far;
  far.other = near;
  return { near, far };
}
