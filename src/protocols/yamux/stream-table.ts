/** Which streams are open, whose they are, and whether one more may be. */
import { LimitError, Libp2pError } from '../../core/errors.js';
import { MAX_UNACKNOWLEDGED, type YamuxLimits } from './limits.js';
import type { YamuxStream } from './stream.js';

/** The last id that a u32 holds for either side is never given out, so that "next" always fits. */
const MAX_STREAM_ID = 0xfffffffd;

export class StreamTable {
  unacknowledged = 0;
  private readonly streams = new Map<number, YamuxStream>();
  private nextId: number;
  private lastInboundId = 0;
  private inbound = 0;

  constructor(
    role: 'client' | 'server',
    private readonly limits: YamuxLimits,
  ) {
    this.nextId = role === 'client' ? 1 : 2;
  }

  get size(): number {
    return this.streams.size;
  }

  get canOpen(): boolean {
    const outbound = this.streams.size - this.inbound;
    return (
      outbound < this.limits.maxOutboundStreams &&
      this.unacknowledged < MAX_UNACKNOWLEDGED &&
      this.nextId <= MAX_STREAM_ID
    );
  }

  get canAccept(): boolean {
    return this.inbound < this.limits.maxInboundStreams;
  }

  /** The id of a stream of ours; throws when there is none to be had. */
  nextOutboundId(): number {
    if (this.nextId > MAX_STREAM_ID)
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

  isNew(streamId: number): boolean {
    return streamId > this.lastInboundId;
  }

  get(streamId: number): YamuxStream | undefined {
    return this.streams.get(streamId);
  }

  add(stream: YamuxStream): void {
    this.streams.set(stream.id, stream);
    if (stream.ours) return;
    this.inbound += 1;
    this.lastInboundId = stream.id;
  }

  /** Whether it was there. */
  remove(stream: YamuxStream): boolean {
    if (!this.streams.delete(stream.id)) return false;
    if (!stream.ours) this.inbound -= 1;
    else if (stream.announcedToRemote && !stream.acknowledged) this.unacknowledged -= 1;
    return true;
  }

  all(): YamuxStream[] {
    return [...this.streams.values()];
  }
}
