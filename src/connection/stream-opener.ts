/** Opens streams on a connection: waits for a slot, then selects the protocol, lazily or not. */
import {
  filter,
  map,
  Observable,
  race,
  switchMap,
  take,
  throwIfEmpty,
  timer,
  type SchedulerLike,
  type Subscriber,
  type TeardownLogic,
} from 'rxjs';
import { asError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { ConnectionScope, StreamScope } from '../core/limits-contract.js';
import type { MuxedStream } from '../core/muxed-stream.js';
import type { MuxerSession } from '../core/parts.js';
import type { NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { Deadlines } from '../rx/deadlines.js';
import type { StreamFacts } from '../stream/stream-facts.js';
import type { HostStream } from '../stream/stream.js';
import { LazyProposal } from './lazy-proposal.js';
import { NEGOTIATION_FAILED, NEGOTIATION_MS, OutboundNegotiation, RESOURCE_LIMIT } from './negotiation.js';

export type PerStreamOptions = Pick<NewStreamOptions, 'maxBufferedBytes' | 'idleTimeoutMs'>;

/** A muxed stream, and what it takes of its host's limits. */
export interface OpenedStream {
  readonly muxed: MuxedStream;
  readonly scope: StreamScope | undefined;
}
export interface OpenerOwner {
  /** What the connection takes, where that is limited. */
  readonly scope: ConnectionScope | undefined;
  /** Whether the remote is known to take a half-close before it has answered. */
  readonly takesEarlyEnd: boolean;
  /** Makes the public stream of a muxed one, and registers it. */
  stream(
    opened: OpenedStream,
    protocol: string,
    direction: 'outbound',
    options: PerStreamOptions,
    lazy?: StreamFacts['lazy'],
  ): HostStream;
}

export class StreamOpener {
  constructor(
    private readonly session: MuxerSession,
    private readonly owner: OpenerOwner,
    private readonly deadlines: Deadlines,
    private readonly scheduler: SchedulerLike,
  ) {}

  /** Emits one stream and completes; errors when it is refused, too late or too many. Unsubscribing before that resets it. */
  open(protocols: readonly string[], options: NewStreamOptions): Observable<Stream> {
    return new Observable<Stream>((subscriber) => this.openInto(protocols, options, subscriber));
  }

  /** The same for one subscriber, who leaves by what is returned. */
  openInto(
    protocols: readonly string[],
    options: NewStreamOptions,
    subscriber: Subscriber<Stream>,
  ): TeardownLogic {
    if (protocols.length === 0)
      throw new Libp2pError('ERR_INVALID_OPTION', 'local', 'newStream was given no protocol');
    if (this.session.canOpen) {
      this.select(protocols, options, subscriber);
      return undefined;
    }
    const selected$ = new Observable<Stream>((inner) => {
      this.select(protocols, options, inner);
    });
    return this.slot()
      .pipe(switchMap(() => selected$))
      .subscribe(subscriber);
  }

  private select(
    protocols: readonly string[],
    options: NewStreamOptions,
    subscriber: Subscriber<Stream>,
  ): void {
    const [sole] = protocols;
    if (options.lazy === true && sole !== undefined && protocols.length === 1)
      this.selectLazily(sole, options, subscriber);
    else this.selectInTurn(protocols, options, subscriber);
  }

  /** Emits when another has made room; there is one deadline, however often others are faster. */
  private slot(): Observable<void> {
    const free$ = this.session.slotFreed$.pipe(
      filter(() => this.session.canOpen),
      take(1),
      throwIfEmpty(() => new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection is closed')),
    );
    const late$ = timer(NEGOTIATION_MS, this.scheduler).pipe(
      map(() => {
        throw new TimeoutError('waiting for a stream', NEGOTIATION_MS);
      }),
    );
    return race(free$, late$);
  }

  /** Throws a `LimitError`, or what the muxer throws, and takes nothing then. */
  private begin(protocol?: string): OpenedStream {
    const scope = this.owner.scope?.openStream('outbound', protocol);
    try {
      const muxed = this.session.open();
      muxed.memory = scope;
      return { muxed, scope };
    } catch (error) {
      scope?.done();
      throw error;
    }
  }

  private selectLazily(protocol: string, options: NewStreamOptions, subscriber: Subscriber<Stream>): void {
    const lazy = new LazyProposal(protocol, !this.owner.takesEarlyEnd, this.deadlines);
    const stream = this.owner.stream(this.begin(protocol), protocol, 'outbound', options, lazy);
    lazy.begin(stream);
    subscriber.next(stream);
    subscriber.complete();
    if (stream.hasBegun) return;
    // What is written in this turn travels with the proposal; the proposal does not wait for more.
    this.scheduler.schedule(() => {
      stream.begin();
    }, 0);
  }

  private selectInTurn(
    protocols: readonly string[],
    options: NewStreamOptions,
    subscriber: Subscriber<Stream>,
  ): void {
    const opened = this.begin();
    const { muxed, scope } = opened;
    let settled = false;
    const negotiation = new OutboundNegotiation(muxed, this.deadlines, protocols, {
      agreed: (protocol, rest) => {
        try {
          scope?.setProtocol(protocol);
        } catch (error) {
          muxed.reset(asError(error), RESOURCE_LIMIT);
          return;
        }
        settled = true;
        const stream = this.owner.stream(opened, protocol, 'outbound', options);
        if (rest !== undefined) stream.onBytes(rest);
        subscriber.next(stream);
        subscriber.complete();
      },
      failed: (error) => {
        settled = true;
        scope?.done();
        subscriber.error(error);
      },
    });
    subscriber.add(() => {
      negotiation.abandon();
      if (!settled) muxed.reset(abandoned(), NEGOTIATION_FAILED);
    });
  }
}

function abandoned(): Libp2pError {
  const what = 'the stream was given up before its protocol was agreed on';
  return new Libp2pError('ERR_ABORTED', 'local', what);
}
