/** Hosts over the transport under test; what its channels are, while it makes any; and whether something stays behind. */
import { map, tap, type Observable } from 'rxjs';
import { platformRandom } from '../../crypto/random.js';
import { Libp2pError } from '../../core/errors.js';
import type { HostEvent } from '../../core/events.js';
import { parseMultiaddr } from '../../core/multiaddr.js';
import type { ListenEvent, RawConnection, Transport, TransportPart } from '../../core/parts.js';
import type { Connection, Stream } from '../../core/stream-contract.js';
import { buildHost } from '../../host/build-host.js';
import type { Host, HostOptions, NoServices, TransportFactory } from '../../host/contract.js';
import { monotonicScheduler } from '../../platform/monotonic-scheduler.js';
import { wallClock } from '../../platform/wall-clock.js';
import { noise } from '../../protocols/noise/noise.js';
import { plaintext } from '../../protocols/plaintext/plaintext.js';
import { yamux } from '../../protocols/yamux/yamux.js';
import { unlimited } from '../../resources/default-limits.js';
import type { TransportSuiteSettings } from './transport-options.js';
import { failureOf, must, standsStill, until, within } from './waiting.js';

export type SuiteHostOptions = HostOptions<NoServices>;
const CONTEXT = { scheduler: monotonicScheduler, random: platformRandom };
/** The one protocol of the suite: every stream goes to the check that runs. */
export const PROTOCOL = '/rx-libp2p/suite/1.0.0';
/** Where one listens that nobody told where. */
const USUAL_PLACES = [
  '/memory/0',
  '/ip4/127.0.0.1/tcp/0',
  '/ip4/127.0.0.1/tcp/0/ws',
  '/ip4/127.0.0.1/udp/0/quic-v1',
];

export interface BenchHost {
  readonly host: Host;
  readonly events: HostEvent[];
}

export class TransportBench {
  private readonly hosts: Host[] = [];
  private readonly channels: RawConnection[] = [];
  private readonly released = new Set<RawConnection>();
  private readonly handlesBefore: number;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly factory: () => TransportFactory,
    readonly settings: TransportSuiteSettings,
  ) {
    this.handlesBefore = this.settings.openHandles();
  }

  /** Where the listening host listens. */
  get place(): string {
    const { listen } = this.settings;
    if (listen !== undefined) return listen;
    const transport = this.part().create(CONTEXT);
    const place = USUAL_PLACES.find((candidate) => transport.canListen(parseMultiaddr(candidate)));
    if (place !== undefined) return place;
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `transportSuite: ${transport.name} listens in none of the usual places; say where with the option "listen"`,
    );
  }

  /** A transport by itself, without a host. */
  transport(): Transport {
    return this.watched(this.part()).create(CONTEXT);
  }

  async make(options: SuiteHostOptions = {}): Promise<BenchHost> {
    const events: HostEvent[] = [];
    const host = await buildHost<NoServices>(
      {
        // Many at once is what the suite makes: what a host would say to that is another matter.
        connectionManager: false,
        limits: unlimited,
        ...this.settings.hostOptions,
        ...options,
        transports: [this.watched(this.part())],
        events: { next: (event) => events.push(event) },
      },
      {
        transports: [],
        security: [noise()],
        insecure: [plaintext()],
        muxers: [yamux()],
        scheduler: monotonicScheduler,
        wallClock,
        random: platformRandom,
        warn: () => undefined,
        listen: [],
      },
    );
    this.hosts.push(host);
    return { host, events };
  }

  listener(options: SuiteHostOptions = {}): Promise<BenchHost> {
    return this.make({ listen: [this.place], ...options });
  }

  /** Channels that have not been let go of, as far as their transport tells. */
  get openChannels(): number {
    return this.channels.length - this.released.size;
  }

  get channelsMade(): number {
    return this.channels.length;
  }

  /** Ends the last channel as if its line had been cut; where the transport shows no channels, the connection is aborted. */
  cut(connection: Connection): void {
    const error = new Error('the line was cut');
    const channel = this.channels.at(-1);
    if (channel === undefined) connection.abort(error);
    else channel.duplex.sink.error(error);
  }

  /** @see until */
  until(holds: () => boolean, otherwise: string, withinMs = this.settings.patienceMs): Promise<void> {
    return until(holds, otherwise, withinMs);
  }

  /** @see within */
  within<T>(work: Promise<T>, otherwise: string, withinMs = this.settings.patienceMs): Promise<T> {
    return within(work, otherwise, withinMs);
  }

  /** @see failureOf */
  failureOf(work: Promise<unknown>, otherwise: string): Promise<unknown> {
    return failureOf(work, otherwise, this.settings.patienceMs);
  }

  /** @see standsStill */
  standsStill(count: () => number, most: number, otherwise: string): Promise<number> {
    return standsStill(count, most, otherwise, this.settings.patienceMs);
  }

  /** Runs when the check is over, whatever its outcome. */
  afterwards(undo: () => void): void {
    this.undo.push(undo);
  }

  /** Stops all, and asks whether that was all. */
  async close(): Promise<void> {
    for (const undo of this.undo.splice(0).reverse()) undo();
    await Promise.all(this.hosts.splice(0).map((host) => host.stop()));
  }

  async mustBeEmpty(): Promise<void> {
    await this.until(() => this.openChannels === 0, 'channels are still open after both hosts have stopped');
    const { openHandles } = this.settings;
    await this.until(
      () => openHandles() <= this.handlesBefore,
      'the platform still holds sockets or ports after both hosts have stopped',
    );
  }

  private part(): TransportPart {
    const factory = this.factory();
    must('create' in factory, `the factory gave ${factory.name}, which is no transport`);
    // Public types show less than what a part is; that it has `create` has just been asked.
    return factory as TransportPart;
  }

  /** The same part; its channels are counted. One that makes no channels, since it secures and muxes itself, is left alone. */
  private watched(part: TransportPart): TransportPart {
    const heard = (connection: RawConnection): void => {
      if (!('duplex' in connection)) return;
      this.channels.push(connection);
      const over = (): void => {
        this.released.add(connection);
      };
      (connection.released$ ?? connection.duplex.room$).subscribe({ complete: over, error: over });
    };
    return {
      ...part,
      create: (context) => {
        const transport = part.create(context);
        return {
          name: transport.name,
          canDial: (addr) => transport.canDial(addr),
          canListen: (addr) => transport.canListen(addr),
          dial: (addr) => transport.dial(addr).pipe(tap(heard)),
          listen: (addr): Observable<ListenEvent> =>
            transport.listen(addr).pipe(
              map((event) => {
                if (event.type === 'inbound') heard(event.connection);
                return event;
              }),
            ),
        };
      },
    };
  }
}

/** Everything that reaches the protocol, in order. */
export interface Inbox {
  readonly streams: Stream[];
  /** The n-th stream, when it has come. */
  nth(at: number): Promise<Stream>;
}

export function inbox(bench: TransportBench, { host }: BenchHost): Inbox {
  const streams: Stream[] = [];
  const subscription = host.handle(PROTOCOL, { maxInboundStreams: Infinity }).subscribe({
    next: (stream) => streams.push(stream),
    error: () => undefined,
  });
  bench.afterwards(() => {
    subscription.unsubscribe();
  });
  return {
    streams,
    nth: async (at) => {
      await bench.until(() => streams.length > at, `stream ${String(at + 1)} has not come in`);
      const stream = streams[at];
      must(stream !== undefined, 'the stream is gone');
      return stream;
    },
  };
}
