/** Which protocol goes to whom: supported exactly while somebody subscribes. One subject takes every negotiated inbound stream. */
import { Subject, type Observable, type Subscriber } from 'rxjs';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { Stream } from '../core/stream-contract.js';
import type { Route } from '../connection/inbound.js';
import { NEGOTIATION_FAILED } from '../connection/negotiation.js';
import { Guarded, guard } from '../rx/guarded.js';
import type { HostStream } from '../stream/stream.js';
import type { EventLog } from '../swarm/event-log.js';
import type { HandleOptions, ProtocolMatcher } from './contract.js';

const RESOURCE_LIMIT = 0x1002;

export class Router {
  readonly inbound$: Observable<Stream>;
  /** `protocols` has changed. */
  readonly change$: Observable<void>;
  private readonly changed = new Subject<void>();
  private readonly intake = new Subject<Stream>();
  private readonly exact = new Map<string, Registration>();
  private matchers: { readonly matcher: ProtocolMatcher; readonly registration: Registration }[] = [];
  private stopped = false;
  private readonly report = (error: unknown): void => {
    this.log.unhandled(error);
  };

  constructor(private readonly log: EventLog) {
    this.inbound$ = guard(this.intake, this.report);
    this.change$ = this.changed.asObservable();
  }

  get protocols(): readonly string[] {
    return [...this.exact.keys(), ...this.matchers.map(({ matcher }) => matcher.name)];
  }

  /** Exact ids first, then matchers in order of registration. A matcher that throws does not match. */
  route(protocol: string): Route | undefined {
    return (
      this.exact.get(protocol) ??
      this.matchers.find(({ matcher }) => matches(matcher, protocol, this.report))?.registration
    );
  }

  /** @see Host.handle */
  handle(
    protocols: string | readonly string[] | ProtocolMatcher,
    options: HandleOptions,
  ): Observable<Stream> {
    return new Guarded<Stream>(this.report, (subscriber) => {
      if (this.stopped) {
        subscriber.complete();
        return undefined;
      }
      const registration = new Registration(subscriber, options, this.intake, this.log);
      return isMatcher(protocols)
        ? this.addMatcher(protocols, registration)
        : this.addExact(typeof protocols === 'string' ? [protocols] : protocols, registration);
    });
  }

  /** Handles complete; nothing is supported any more. */
  stop(): void {
    this.stopped = true;
    const registrations = new Set([
      ...this.exact.values(),
      ...this.matchers.map(({ registration }) => registration),
    ]);
    for (const registration of registrations) registration.complete();
    this.log.emissions.run(() => {
      this.intake.complete();
    });
  }

  private tellChange(added: readonly string[], removed: readonly string[]): void {
    this.changed.next();
    this.log.say({ type: 'protocols:change', added, removed });
  }

  private addExact(protocols: readonly string[], registration: Registration): (() => void) | undefined {
    const taken = protocols.find((protocol) => this.exact.has(protocol));
    if (taken !== undefined) {
      registration.fail(new Libp2pError('ERR_PROTOCOL_TAKEN', 'local', `${taken} has a handler already`));
      return undefined;
    }
    for (const protocol of protocols) this.exact.set(protocol, registration);
    this.tellChange(protocols, []);
    return () => {
      for (const protocol of protocols) this.exact.delete(protocol);
      this.tellChange([], protocols);
    };
  }

  private addMatcher(matcher: ProtocolMatcher, registration: Registration): (() => void) | undefined {
    if (this.protocols.includes(matcher.name)) {
      registration.fail(
        new Libp2pError('ERR_PROTOCOL_TAKEN', 'local', `${matcher.name} has a handler already`),
      );
      return undefined;
    }
    this.matchers = [...this.matchers, { matcher, registration }];
    this.tellChange([matcher.name], []);
    return () => {
      this.matchers = this.matchers.filter((other) => other.registration !== registration);
      this.tellChange([], [matcher.name]);
    };
  }
}

/** One subscriber of `handle`, and the streams that it has. */
class Registration implements Route {
  readonly maxBufferedBytes: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  private open = 0;

  constructor(
    private readonly subscriber: Subscriber<Stream>,
    private readonly options: HandleOptions,
    private readonly intake: Subject<Stream>,
    private readonly log: EventLog,
  ) {
    this.maxBufferedBytes = options.maxBufferedBytes;
    this.idleTimeoutMs = options.idleTimeoutMs;
  }

  /** Behind the events of the stream's opening, so that nobody handles what was not told. */
  deliver(stream: HostStream): void {
    this.log.emissions.run(() => {
      this.handOver(stream);
    });
  }

  private handOver(stream: HostStream): void {
    // Whoever heard of the stream's opening may have ended the handler.
    if (this.subscriber.closed) {
      const lost = `${stream.protocol} has lost its handler`;
      stream.abort(new Libp2pError('ERR_UNSUPPORTED_PROTOCOL', 'local', lost), NEGOTIATION_FAILED);
      return;
    }
    const { maxInboundStreams } = this.options;
    if (maxInboundStreams !== undefined) {
      if (this.open >= maxInboundStreams) {
        const error = new LimitError(stream.protocol, 'maxInboundStreams', maxInboundStreams);
        stream.abort(error, RESOURCE_LIMIT);
        this.log.fail(
          { type: 'limit:refuse', scope: error.scope, limit: error.limit, value: error.value },
          error,
        );
        return;
      }
      this.open += 1;
      stream.closed$.subscribe({
        next: () => {
          this.open -= 1;
        },
        error: () => undefined,
      });
    }
    // Looking is free, and comes before the handler.
    if (this.intake.observed) this.intake.next(stream);
    this.subscriber.next(stream);
  }

  fail(error: Error): void {
    this.subscriber.error(error);
  }

  complete(): void {
    this.subscriber.complete();
  }
}

function isMatcher(protocols: string | readonly string[] | ProtocolMatcher): protocols is ProtocolMatcher {
  return typeof protocols === 'object' && 'matches' in protocols;
}

function matches(matcher: ProtocolMatcher, protocol: string, report: (error: unknown) => void): boolean {
  try {
    return matcher.matches(protocol);
  } catch (error) {
    report(error);
    return false;
  }
}
