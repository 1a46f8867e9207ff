/** The events of streams, made only while somebody listens: streams come by the thousand. */
import type { CloseReason } from '../core/duplex.js';
import type { LiveObjects } from '../core/events.js';
import type { HostStream } from '../stream/stream.js';
import type { EventLog } from '../swarm/event-log.js';

interface StreamFacts {
  readonly peer: string;
  readonly connectionId: string;
  readonly streamId: string;
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
}

export class StreamEvents {
  constructor(private readonly log: EventLog) {}

  readonly opened = (stream: HostStream): void => {
    if (this.log.observed) this.log.say({ type: 'stream:open', ...factsOf(stream) }, liveOf(stream));
  };

  readonly closed = (stream: HostStream, { by, code }: CloseReason): void => {
    if (!this.log.observed) return;
    const { bytesRead, bytesWritten } = stream;
    this.log.say(
      { type: 'stream:close', ...factsOf(stream), by, bytesRead, bytesWritten, code },
      liveOf(stream),
    );
  };

  readonly handlerFailed = (stream: HostStream, error: Error): void => {
    this.log.fail({ type: 'handler:error', ...factsOf(stream) }, error, liveOf(stream));
  };
}

function factsOf({ connection, id, protocol, direction }: HostStream): StreamFacts {
  return {
    peer: connection.remotePeer.toString(),
    connectionId: connection.id,
    streamId: id,
    protocol,
    direction,
  };
}

function liveOf(stream: HostStream): LiveObjects {
  return { peerId: stream.connection.remotePeer, connection: stream.connection, stream };
}
