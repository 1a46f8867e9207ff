/** Which streams are open, whose they are, and whether one more may be. */
import { LimitError, Libp2pError } from '../../core/errors.js';
import { SmallMap } from '../../core/small-map.js';
import { closedError } from './frame.js';
import { KEEP_ALIVE_EVERY_MS } from './keep-alive.js';
import { MAX_UNACKNOWLEDGED, type YamuxLimits } from './limits.js';
import type { YamuxStream } from './stream.js';

/** The last id that a u32 holds for either side is never given out, so that "next" always fits. */
const MAX_STREAM_ID = 0xfffffffd;
/** Ids that were passed over and may still come. @source go-yamux v5, Session.OpenStream: the SYNs of concurrent calls overtake each other, and at most so many are under way */
const MAX_SKIPPED_IDS = MAX_UNACKNOWLEDGED;

/** A stream that we no longer want and the remote does not end is reset after this. */
const DRAIN_MS = 60_000;

export class StreamTable {
  /** Streams of ours that the remote has not answered, whether or not their SYN has left. */
  unacknowledged = 0;
  private readonly streams = new SmallMap<number, YamuxStream>();
  private skipped: Set<number> | undefined;
  private lastInboundId: number;
  private inbound = 0;

  constructor(
    role: 'client' | 'server',
    private readonly limits: YamuxLimits,
    private nextId: number = role === 'client' ? 1 : 2,
  ) {
    this.lastInboundId = role === 'client' ? 0 : -1;
  }

  get size(): number {
    return this.streams.size;
  }

  /** Whether every id of ours has been given out. */
  get exhausted(): boolean {
    return this.nextId > MAX_STREAM_ID;
  }

  get canOpen(): boolean {
    const outbound = this.streams.size - this.inbound;
    return (
      outbound < this.limits.maxOutboundStreams && this.unacknowledged < MAX_UNACKNOWLEDGED && !this.exhausted
    );
  }

  get canAccept(): boolean {
    return this.inbound < this.limits.maxInboundStreams;
  }

  /** The id of a stream of ours; throws when there is none to be had. */
  nextOutboundId(): number {
    if (this.exhausted)
      throw new Libp2pError('ERR_CONNECTION_CLOSED', 'local', 'the connection has used up its stream ids');
    if (!this.canOpen) {
      const tooMany = this.unacknowledged >= MAX_UNACKNOWLEDGED;
      throw tooMany
        ? new LimitError('connection', 'unacknowledged outbound streams', MAX_UNACKNOWLEDGED)
        : new LimitError('connection', 'outbound streams', this.limits.maxOutboundStreams, 'local');
    }
    const id = this.nextId;
    this.nextId += 2;
    return id;
  }

  /** Whether `streamId` is one of those that the remote gives out. */
  isInbound(streamId: number): boolean {
    return streamId % 2 !== this.nextId % 2;
  }

  /** Marks an id of the remote's as used; `false` if it was, or is too old to tell. */
  use(streamId: number): boolean {
    if (streamId <= this.lastInboundId) return this.skipped?.delete(streamId) ?? false;
    if (this.lastInboundId + 2 < streamId) this.skip(streamId);
    this.lastInboundId = streamId;
    return true;
  }

  /** All ids before this one that were not used. */
  private skip(streamId: number): void {
    const skipped = (this.skipped ??= new Set<number>());
    const first = Math.max(this.lastInboundId + 2, streamId - 2 * MAX_SKIPPED_IDS);
    for (let id = first; id < streamId; id += 2) skipped.add(id);
    for (const oldest of skipped) {
      if (skipped.size <= MAX_SKIPPED_IDS) break;
      skipped.delete(oldest);
    }
  }

  /** An open stream that the remote can know of. */
  get(streamId: number): YamuxStream | undefined {
    const stream = this.streams.get(streamId);
    return stream?.announcedToRemote === true ? stream : undefined;
  }

  add(stream: YamuxStream): void {
    this.streams.set(stream.id, stream);
    if (stream.ours) this.unacknowledged += 1;
    else this.inbound += 1;
  }

  /** Whether it was there. */
  remove(stream: YamuxStream): boolean {
    if (!this.streams.delete(stream.id)) return false;
    if (!stream.ours) this.inbound -= 1;
    else if (!stream.acknowledged) this.unacknowledged -= 1;
    return true;
  }

  all(): YamuxStream[] {
    return this.streams.values();
  }

  /** Ends what nobody wants any more and the remote does not end; lets what is at rest give back what it reserved. */
  tend(now: number): void {
    for (const stream of this.all()) {
      if (stream.discardedAt !== undefined && now - stream.discardedAt >= DRAIN_MS)
        stream.reset(closedError());
      else if (now - stream.activeAt >= KEEP_ALIVE_EVERY_MS) stream.rest();
    }
  }
}
