/** Hosts of one process, connected by nothing but a scheduler: the test bench, and the links of a simulated network. */
import { Observable, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import { componentsOf, parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../core/parts.js';
import { memoryPair } from './memory-duplex.js';
import { checkedNumbers } from '../core/checked-numbers.js';

/** Who listens where; and how long bytes take from one place to another, ms. */
export interface MemoryNetwork {
  readonly listeners: Map<string, (connection: RawConnection) => void>;
  /** One way, by the numbers of the two places; the dialing end's is its first listener's, or 0. */
  latencyMs: (from: string, to: string) => number;
  nextNumber: number;
}
/** A network of its own: what listens in one cannot be dialed in another. */
export function createMemoryNetwork(latencyMs: MemoryNetwork['latencyMs'] = () => 0): MemoryNetwork {
  return { listeners: new Map(), latencyMs, nextNumber: 1 };
}
/** This process, as the one machine on which `/memory` addresses mean something. */
const PROCESS_NETWORK = createMemoryNetwork();

export interface MemoryOptions {
  /** One way, ms; the network's own if left out. */
  readonly latencyMs?: number | undefined;
  /** The clock of the links; the host's if left out. */
  readonly scheduler?: SchedulerLike | undefined;
  readonly network?: MemoryNetwork | undefined;
}

/**
 * The transport for `/memory/<number>`; 0 takes a free number. Connecting takes one round trip, as TCP's does; what is
 * written arrives in order after the latency, and at most 256 KiB are under way or unread. Errors: ERR_TRANSPORT,
 * ERR_LISTEN_FAILED. Throws ERR_INVALID_OPTION.
 */
export function memory(options: MemoryOptions = {}): TransportPart {
  const { latencyMs } = checkedNumbers('memory', { latencyMs: -1 }, options, ['scheduler', 'network']);
  const network = options.network ?? PROCESS_NETWORK;
  return {
    kind: 'transport',
    name: 'memory',
    create: (context) =>
      new MemoryTransport(
        network,
        options.scheduler ?? context.scheduler,
        latencyMs < 0 ? undefined : latencyMs,
        context,
      ),
  };
}

class MemoryTransport implements Transport {
  readonly name = 'memory';
  private place = '0';
  private readonly own = new Set<string>();

  constructor(
    private readonly network: MemoryNetwork,
    private readonly scheduler: SchedulerLike,
    private readonly latencyMs: number | undefined,
    readonly context: PartContext,
  ) {}

  canDial(addr: Multiaddr): boolean {
    const number = numberOf(addr);
    return number !== undefined && number !== '0';
  }

  canListen(addr: Multiaddr): boolean {
    return numberOf(addr) !== undefined;
  }

  dial(addr: Multiaddr): Observable<RawConnection> {
    return new Observable<RawConnection>((subscriber) => {
      const to = numberOf(addr);
      if (to === undefined || to === '0') {
        subscriber.error(unsupported('dial', addr));
        return undefined;
      }
      const there = this.latency(this.place, to);
      const back = this.latency(to, this.place);
      const [ours, theirs] = memoryPair(
        this.scheduler,
        () => this.latency(this.place, to),
        () => this.latency(to, this.place),
      );
      const near = parseMultiaddr(`/memory/${this.place}`);
      const far = parseMultiaddr(`/memory/${to}`);
      let accepted = false;
      let emitted = false;
      subscriber.add(
        this.scheduler.schedule(() => {
          const accept = this.network.listeners.get(to);
          accepted = accept !== undefined;
          accept?.({ duplex: theirs, localAddr: far, remoteAddr: near });
          subscriber.add(
            this.scheduler.schedule(() => {
              if (!accepted) {
                subscriber.error(
                  new Libp2pError(
                    'ERR_TRANSPORT',
                    'network',
                    `memory: nobody listens on ${far.toString()}: connection refused`,
                  ),
                );
                return;
              }
              emitted = true;
              subscriber.next({ duplex: ours, localAddr: near, remoteAddr: far });
              subscriber.complete();
            }, back),
          );
        }, there),
      );
      return () => {
        if (accepted && !emitted)
          ours.sink.error(new Libp2pError('ERR_ABORTED', 'local', 'the dial was abandoned'));
      };
    });
  }

  listen(addr: Multiaddr): Observable<ListenEvent> {
    return new Observable<ListenEvent>((subscriber) => {
      const asked = numberOf(addr);
      if (asked === undefined) {
        subscriber.error(unsupported('listen on', addr));
        return;
      }
      const number = asked === '0' ? this.freeNumber() : asked;
      if (this.network.listeners.has(number)) {
        subscriber.error(
          new Libp2pError('ERR_LISTEN_FAILED', 'local', `memory: ${addr.toString()} is taken`),
        );
        return;
      }
      this.network.listeners.set(number, (connection) => {
        subscriber.next({ type: 'inbound', connection });
      });
      this.own.add(number);
      if (this.place === '0') this.place = number;
      subscriber.add(() => {
        this.network.listeners.delete(number);
        this.own.delete(number);
      });
      subscriber.next({ type: 'listening', addrs: [parseMultiaddr(`/memory/${number}`)] });
    });
  }

  private latency(from: string, to: string): number {
    return this.latencyMs ?? this.network.latencyMs(from, to);
  }

  private freeNumber(): string {
    while (this.network.listeners.has(String(this.network.nextNumber))) this.network.nextNumber += 1;
    const number = String(this.network.nextNumber);
    this.network.nextNumber += 1;
    return number;
  }
}

function unsupported(what: string, addr: Multiaddr): Libp2pError {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `memory cannot ${what} ${addr.toString()}`);
}

function numberOf(addr: Multiaddr): string | undefined {
  const { transport } = splitPeer(addr);
  const components = transport === undefined ? [] : componentsOf(transport);
  return components.length === 1 && components[0]?.name === 'memory' ? components[0].value : undefined;
}
