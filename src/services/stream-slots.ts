/** How many streams of one protocol one peer may have open here. */
import { LimitError } from '../core/errors.js';
import type { Stream } from '../core/stream-contract.js';
import type { EventLog } from '../swarm/event-log.js';

const RESOURCE_LIMIT = 0x1002;

export class StreamSlots {
  private readonly open = new Map<string, number>();

  constructor(
    private readonly perPeer: number,
    private readonly log: EventLog,
  ) {}

  /** Whether the stream may stay; else it has been reset with code 0x1002. Its place is free again when it has ended on both sides. */
  admit(stream: Stream): boolean {
    const peer = stream.connection.remotePeer.toString();
    const open = this.open.get(peer) ?? 0;
    if (open >= this.perPeer) {
      refuseStream(
        stream,
        new LimitError(peer, `${stream.protocol} streams`, this.perPeer),
        RESOURCE_LIMIT,
        this.log,
      );
      return false;
    }
    this.open.set(peer, open + 1);
    stream.closed$.subscribe({
      next: () => {
        const left = (this.open.get(peer) ?? 1) - 1;
        if (left === 0) this.open.delete(peer);
        else this.open.set(peer, left);
      },
      error: () => undefined,
    });
    return true;
  }
}

/** Resets a stream that met a limit, and says so. */
export function refuseStream(stream: Stream, error: LimitError, code: number, log: EventLog): void {
  const { scope, limit, value } = error;
  stream.error(error, code);
  log.fail({ type: 'limit:refuse', scope, limit, value }, error);
}
