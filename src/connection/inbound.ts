/** Streams that the remote opens: admitted, asked what they want, and handed to whoever takes that. */
import type { Bytes } from '../core/duplex.js';
import { asError, LimitError, Libp2pError } from '../core/errors.js';
import type { ConnectionScope } from '../core/limits-contract.js';
import type { MuxedStream } from '../core/muxed-stream.js';
import type { Deadlines } from '../rx/deadlines.js';
import type { HostStream } from '../stream/stream.js';
import { InboundNegotiation, NEGOTIATION_FAILED, RESOURCE_LIMIT } from './negotiation.js';
import type { OpenedStream, PerStreamOptions } from './stream-opener.js';

/** Inbound streams that have not said what they want, a connection: go and js open a burst before they say what for. @source go-libp2p transient streams; rust-libp2p */
const MAX_UNNEGOTIATED = 128;

/** Where inbound streams go: decided by the router, used by the connection. */
export interface Route {
  readonly maxBufferedBytes?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  deliver(stream: HostStream): void;
}
/** What the connections of a host share. */
export interface InboundDeps {
  /** Of streams that are negotiated. */
  readonly deadlines: Deadlines;
  readonly route: (protocol: string) => Route | undefined;
  /** A limit of the connection's own; what its scope refuses, the resource manager tells. */
  readonly limitMet: (error: LimitError) => void;
}
export interface InboundOwner {
  /** What the connection takes, where that is limited. */
  readonly scope: ConnectionScope | undefined;
  /** Streams that have not said what they want; counted here. */
  unnegotiated: number;
  /** Makes the public stream of a muxed one, and registers it. */
  stream(opened: OpenedStream, protocol: string, direction: 'inbound', options: PerStreamOptions): HostStream;
}

export function takeInbound(muxed: MuxedStream, owner: InboundOwner, deps: InboundDeps): void {
  if (owner.unnegotiated >= MAX_UNNEGOTIATED) {
    const error = new LimitError('connection', 'streams being negotiated', MAX_UNNEGOTIATED);
    muxed.reader = undefined;
    muxed.reset(error, RESOURCE_LIMIT);
    deps.limitMet(error);
    return;
  }
  const opened = admit(muxed, owner);
  if (opened !== undefined) new Admission(opened, owner, deps);
}

/** `undefined`, and the stream reset, where the limits do not allow it. */
function admit(muxed: MuxedStream, { scope: connection }: InboundOwner): OpenedStream | undefined {
  try {
    const scope = connection?.openStream('inbound');
    muxed.memory = scope;
    return { muxed, scope };
  } catch (error) {
    muxed.reader = undefined;
    muxed.reset(asError(error), RESOURCE_LIMIT);
    return undefined;
  }
}

/** An inbound stream until it is known whose it is. */
class Admission extends InboundNegotiation {
  private isOver = false;

  constructor(
    private readonly admitted: OpenedStream,
    private readonly owner: InboundOwner,
    private readonly deps: InboundDeps,
  ) {
    super(admitted.muxed, deps.deadlines);
    owner.unnegotiated += 1;
  }

  protected supports(protocol: string): boolean {
    return this.deps.route(protocol) !== undefined;
  }

  protected override over(): void {
    super.over();
    if (this.isOver) return;
    this.isOver = true;
    this.owner.unnegotiated -= 1;
  }

  protected failed(): void {
    this.admitted.scope?.done();
  }

  protected agreed(protocol: string, rest: Bytes | undefined): void {
    const route = this.deps.route(protocol);
    if (route === undefined) {
      const lost = `${protocol} has lost its handler`;
      this.muxed.reset(new Libp2pError('ERR_UNSUPPORTED_PROTOCOL', 'local', lost), NEGOTIATION_FAILED);
      return;
    }
    try {
      this.admitted.scope?.setProtocol(protocol);
    } catch (error) {
      this.muxed.reset(asError(error), RESOURCE_LIMIT);
      return;
    }
    const stream = this.owner.stream(this.admitted, protocol, 'inbound', route);
    if (rest !== undefined) stream.onBytes(rest);
    route.deliver(stream);
  }
}
