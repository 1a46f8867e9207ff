/** What one connection allows its remote: counts and budgets, each with its reason. Decisions only. */
import { LimitError } from '../../core/errors.js';
import { violation } from './frame.js';
import { Strays } from './strays.js';

/** Bounds and times of the muxer. */
export interface YamuxLimits {
  /** Streams that the remote may have open. */
  readonly maxInboundStreams: number;
  /** Streams that we may have open. */
  readonly maxOutboundStreams: number;
  /** Receive window of one stream, bytes. */
  readonly maxStreamWindowBytes: number;
  /** Sum of the receive windows' growth beyond 256 KiB each, bytes. */
  readonly maxWindowGrowthBytes: number;
}
/** @source reliability limits: 256 in, 512 out; 16 MiB a stream, 32 MiB a connection */
export const DEFAULT_LIMITS: YamuxLimits = {
  maxInboundStreams: 256,
  maxOutboundStreams: 512,
  maxStreamWindowBytes: 16 * 1024 * 1024,
  maxWindowGrowthBytes: 32 * 1024 * 1024,
};
/** SYNs of ours that the remote has not answered. @source yamux specification, ACK backlog */
export const MAX_UNACKNOWLEDGED = 256;
/** Frames that jump the queue and wait for the channel: beyond, the remote provokes answers that it does not read. */
export const MAX_CONTROL_FRAMES = 1024;
/** SYNs that reuse an id: a mistake may happen, a habit may not. */
const MAX_REUSED_IDS = 100;
/** Streams opened and reset by the remote: so many at once, and so many a second. @source CVE-2023-44487 (rapid reset) */
const CHURN_BURST = 1000;
const CHURN_PER_SECOND = 200;

export class Ledger {
  readonly strays = new Strays();
  private reusedIds = 0;
  private grownBytes = 0;
  private churnTokens = CHURN_BURST;
  private churnAt = 0;

  constructor(private readonly limits: YamuxLimits) {}

  reusedId(streamId: number): void {
    this.reusedIds += 1;
    if (this.reusedIds >= MAX_REUSED_IDS)
      throw violation(`stream id ${String(streamId)} again, the ${String(this.reusedIds)}th reused id`);
  }

  /** The remote reset a stream that it had opened itself. */
  churn(now: number): void {
    this.churnTokens = Math.min(
      CHURN_BURST,
      this.churnTokens + ((now - this.churnAt) / 1000) * CHURN_PER_SECOND,
    );
    this.churnAt = now;
    this.churnTokens -= 1;
    if (this.churnTokens < 0)
      throw new LimitError('connection', 'streams opened and reset per second', CHURN_PER_SECOND);
  }

  /** Memory for a window that grows. */
  reserve(byteLength: number): boolean {
    if (this.grownBytes + byteLength > this.limits.maxWindowGrowthBytes) return false;
    this.grownBytes += byteLength;
    return true;
  }

  release(byteLength: number): void {
    this.grownBytes -= byteLength;
  }
}

export function unreadAnswers(): LimitError {
  return new LimitError('connection', 'answers waiting to be sent', MAX_CONTROL_FRAMES);
}

export function tooMany({ maxInboundStreams }: YamuxLimits): LimitError {
  return new LimitError('connection', 'inbound streams', maxInboundStreams);
}
