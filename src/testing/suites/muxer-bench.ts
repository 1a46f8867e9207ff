/** Two sessions of the muxer under test over one wire, and their streams with the face of a channel. */
import type { Observable } from 'rxjs';
import { platformRandom } from '../../crypto/random.js';
import type { Bytes, CloseReason, Duplex, Writable } from '../../core/duplex.js';
import { asError } from '../../core/errors.js';
import type { MuxedStream } from '../../core/muxed-stream.js';
import type { MuxerPart, MuxerSession } from '../../core/parts.js';
import type { MuxerFactory } from '../../host/contract.js';
import { monotonicScheduler } from '../../platform/monotonic-scheduler.js';
import { Flag } from '../../rx/flag.js';
import { ReadSide } from '../../rx/read-side.js';
import { blocks, Checksum, hear, mustMatch, send, type Heard } from './bytes.js';
import type { MuxerSettings } from './part-options.js';
import { suiteWire, type Wire } from './suite-wire.js';
import { done, must, until, within } from './waiting.js';

/** A muxed stream that keeps what it is told until somebody reads. */
export class SuiteStream implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      this.muxed.write(bytes);
      this.room.set(this.muxed.hasRoom);
    },
    complete: (): void => {
      this.muxed.end();
    },
    error: (error: unknown): void => {
      this.muxed.reset(asError(error));
    },
  };
  /** The number that a reset came with. */
  resetCode: number | undefined;
  closed = false;
  private readonly room: Flag;
  private readonly side: ReadSide;

  /** `greeting` is how many bytes at the beginning are none of the reader's business. */
  constructor(
    readonly muxed: MuxedStream,
    private greeting = 0,
  ) {
    this.room = new Flag(muxed.hasRoom);
    this.side = new ReadSide({
      onConsumed: (byteLength) => {
        muxed.credit(byteLength);
      },
    });
    muxed.reader = {
      onBytes: (bytes) => {
        const skipped = Math.min(this.greeting, bytes.byteLength);
        this.greeting -= skipped;
        if (skipped > 0) muxed.credit(skipped);
        this.side.push(bytes.subarray(skipped));
      },
      onEnd: () => {
        this.side.end();
      },
      onReset: (error, _, code) => {
        this.resetCode = code;
        this.closed = true;
        this.side.fail(error);
        this.room.complete();
      },
      onRoom: (hasRoom) => {
        this.room.set(hasRoom);
      },
      onClosed: () => {
        this.closed = true;
        this.room.complete();
      },
    };
  }

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }
}

type StreamPair = readonly [SuiteStream, SuiteStream];
const GREETING = new Uint8Array([0x2a]);

export interface SuiteSession {
  readonly session: MuxerSession;
  readonly inbound: SuiteStream[];
  readonly closes: CloseReason[];
}

export class MuxerBench {
  private readonly sessions: MuxerSession[] = [];

  constructor(
    private readonly factory: () => MuxerFactory,
    readonly settings: MuxerSettings,
  ) {}

  session(duplex: Duplex, role: 'client' | 'server'): SuiteSession {
    // Public types show less than what a part is.
    const part = this.factory() as MuxerPart;
    must('create' in part, `the factory gave ${part.protocol}, which is no muxer`);
    const inbound: SuiteStream[] = [];
    const closes: CloseReason[] = [];
    const muxer = part.create({ scheduler: monotonicScheduler, random: platformRandom });
    const session = muxer.mux(duplex, role, {
      onStream: (stream) => inbound.push(new SuiteStream(stream, GREETING.byteLength)),
      onClose: (reason) => closes.push(reason),
    });
    this.sessions.push(session);
    session.start();
    return { session, inbound, closes };
  }

  /** No session may keep the process alive. */
  close(): void {
    for (const session of this.sessions) session.abort(new Error('the check is over'));
  }

  pair(wire: Wire = suiteWire()): { readonly near: SuiteSession; readonly far: SuiteSession } {
    return { near: this.session(wire.near, 'client'), far: this.session(wire.far, 'server') };
  }

  until(holds: () => boolean, otherwise: string): Promise<void> {
    return until(holds, otherwise, this.settings.patienceMs);
  }

  within<T>(work: Promise<T>, otherwise: string): Promise<T> {
    return within(work, otherwise, this.settings.patienceMs);
  }

  /** A stream that `from` has opened, and its other end: a muxer need not tell of a stream into which nothing was written. */
  async open(from: SuiteSession, to: SuiteSession): Promise<StreamPair> {
    const [pair] = await this.openMany(from, to, 1);
    must(pair !== undefined, 'the stream is gone');
    return pair;
  }

  async openMany(from: SuiteSession, to: SuiteSession, count: number): Promise<readonly StreamPair[]> {
    const before = to.inbound.length;
    const opened = Array.from({ length: count }, () => new SuiteStream(from.session.open()));
    for (const { sink } of opened) sink.next(GREETING.slice());
    await this.until(
      () => to.inbound.length === before + count,
      `${String(count)} streams were opened, and not as many have come in`,
    );
    return to.inbound.slice(before).flatMap((other, at): StreamPair[] => {
      const stream = opened[at];
      return stream === undefined ? [] : [[stream, other]];
    });
  }

  async carry(from: SuiteStream, to: SuiteStream, byteLength: number, what: string): Promise<void> {
    const sum = new Checksum();
    const heard: Heard = hear(to);
    await within(
      done(send(from, blocks(byteLength, 1, sum))),
      `${what}: stalls`,
      this.settings.timeoutMs / 2,
    );
    await mustMatch(heard, sum, what, this.settings.timeoutMs / 2);
  }
}
