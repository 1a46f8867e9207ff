/** Hosts of one process, connected by nothing but a scheduler: the test bench, and the links of a simulated network. */
import { Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import { componentsOf, parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import type { ListenEvent, PartContext, RawConnection, Transport, TransportPart } from '../core/parts.js';
import { linkedPair, type MemoryEnd } from './memory-duplex.js';
import { latencyLink, type MemoryLink } from './memory-link.js';
import { checkedNumbers } from '../core/checked-numbers.js';

/** Somebody who listens. */
interface MemoryListener {
  /** The number by which links know its host: the first that it listened on. */
  readonly place: string;
  readonly scheduler: SchedulerLike;
  readonly accept: (connection: RawConnection) => void;
}
/** Who listens where; and what lies between one place and another. */
export interface MemoryNetwork {
  /** By number. */
  readonly listeners: Map<string, MemoryListener>;
  /** One way, by the two places. */
  readonly link: (from: string, to: string) => MemoryLink;
  /** Of the next `/memory/0`. */
  nextNumber: number;
  /** Of the next host that does not listen. */
  nextSilent: number;
}
/** Begins the place of a host that does not listen: links to it are its own, although it has no number. */
const SILENT = 'silent-';
/** A network of its own: what listens in one cannot be dialed in another. `latencyMs` is one way, by the numbers of the two hosts' first listeners, or 0; it is asked for every write. */
export function createMemoryNetwork(
  latencyMs: (from: string, to: string) => number = () => 0,
): MemoryNetwork {
  const number = (place: string): string => (place.startsWith(SILENT) ? '0' : place);
  return linkedNetwork((from, to) => latencyLink(() => latencyMs(number(from), number(to))));
}
/** As `createMemoryNetwork`, with all that a link can be. */
export function linkedNetwork(link: MemoryNetwork['link']): MemoryNetwork {
  return { listeners: new Map(), link, nextNumber: 1, nextSilent: 1 };
}
/** This process, as the one machine on which `/memory` addresses mean something. */
const PROCESS_NETWORK = createMemoryNetwork();

/** Which network, and how slow it is. */
export interface MemoryOptions {
  /** One way, ms; the network's own if left out. */
  readonly latencyMs?: number | undefined;
  /** The clock of the links; the host's if left out. */
  readonly scheduler?: SchedulerLike | undefined;
  /** Hosts meet on the same one; this process's, if left out. */
  readonly network?: MemoryNetwork | undefined;
}

/** When a connect that was not answered is tried again, twice as late each time up to the second. @source RFC 6298, 2.1; Linux */
const CONNECT_RETRY_MS = 1_000;
const MAX_CONNECT_RETRY_MS = 60_000;

/**
 * The transport for `/memory/<number>`; 0 takes a free number. Connecting takes one round trip, as TCP's does; what is
 * written arrives in order after the latency. Beyond 256 KiB under way or unread there is no room, and a writer without
 * room of whose bytes none are taken for 10 s is cut off (ERR_WRITE_STALLED). Errors: ERR_TRANSPORT, ERR_LISTEN_FAILED.
 * Throws ERR_INVALID_OPTION.
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
  /** The first number that it listened on. */
  private place: string | undefined;
  private silentPlace: string | undefined;

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
      if (to === undefined || to === '0') subscriber.error(unsupported('dial', addr));
      else this.connect(to, subscriber);
    });
  }

  /** Knocks until the other side has heard it; then the answer travels as everything else does. */
  private connect(to: string, subscriber: Subscriber<RawConnection>): void {
    const { scheduler } = this;
    const listener = (): MemoryListener | undefined => this.network.listeners.get(to);
    const there = this.link(this.ownPlace(), listener()?.place ?? to);
    const back = this.link(listener()?.place ?? to, this.ownPlace());
    let waitMs = CONNECT_RETRY_MS;
    const knock = (): void => {
      const again = scheduler.now() + waitMs;
      waitMs = Math.min(2 * waitMs, MAX_CONNECT_RETRY_MS);
      const lost = (): void => {
        subscriber.add(scheduler.schedule(knock, again - scheduler.now()));
      };
      if (!passes(there) || there.loses()) lost();
      else
        subscriber.add(
          scheduler.schedule(() => {
            if (passes(there)) this.meet(to, there, back, subscriber);
            else lost();
          }, there.travelMs()),
        );
    };
    knock();
  }

  /** Both ends, where the knock has arrived. */
  private meet(to: string, there: MemoryLink, back: MemoryLink, subscriber: Subscriber<RawConnection>): void {
    const { scheduler } = this;
    const listener = this.network.listeners.get(to);
    const near = parseMultiaddr(`/memory/${this.place ?? '0'}`);
    const far = parseMultiaddr(`/memory/${to}`);
    const [ours, theirs] = linkedPair(
      { scheduler, link: there },
      { scheduler: listener?.scheduler ?? scheduler, link: back },
    );
    let emitted = false;
    theirs.notify(() => {
      if (listener === undefined) subscriber.error(refused(far));
      if (subscriber.closed) return;
      emitted = true;
      subscriber.next(rawOf(ours, near, far));
      subscriber.complete();
    });
    subscriber.add(() => {
      if (listener !== undefined && !emitted)
        ours.sink.error(new Libp2pError('ERR_ABORTED', 'local', 'the dial was abandoned'));
    });
    listener?.accept(rawOf(theirs, far, near));
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
      this.place ??= number;
      this.network.listeners.set(number, {
        place: this.place,
        scheduler: this.scheduler,
        accept: (connection) => {
          subscriber.next({ type: 'inbound', connection });
        },
      });
      subscriber.add(() => this.network.listeners.delete(number));
      subscriber.next({ type: 'listening', addrs: [parseMultiaddr(`/memory/${number}`)] });
    });
  }

  private link(from: string, to: string): MemoryLink {
    const { latencyMs } = this;
    return latencyMs === undefined ? this.network.link(from, to) : latencyLink(() => latencyMs);
  }

  private ownPlace(): string {
    if (this.place !== undefined) return this.place;
    if (this.silentPlace === undefined) {
      this.silentPlace = `${SILENT}${String(this.network.nextSilent)}`;
      this.network.nextSilent += 1;
    }
    return this.silentPlace;
  }

  private freeNumber(): string {
    while (this.network.listeners.has(String(this.network.nextNumber))) this.network.nextNumber += 1;
    const number = String(this.network.nextNumber);
    this.network.nextNumber += 1;
    return number;
  }
}

function passes({ up, blackHole }: MemoryLink): boolean {
  return up && !blackHole;
}

function rawOf(duplex: MemoryEnd, localAddr: Multiaddr, remoteAddr: Multiaddr): RawConnection {
  return { duplex, localAddr, remoteAddr, heardBytes: () => duplex.heardBytes };
}

function refused(far: Multiaddr): Libp2pError {
  return new Libp2pError(
    'ERR_TRANSPORT',
    'network',
    `memory: nobody listens on ${far.toString()}: connection refused`,
  );
}

function unsupported(what: string, addr: Multiaddr): Libp2pError {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `memory cannot ${what} ${addr.toString()}`);
}

function numberOf(addr: Multiaddr): string | undefined {
  const { transport } = splitPeer(addr);
  const components = transport === undefined ? [] : componentsOf(transport);
  return components.length === 1 && components[0]?.name === 'memory' ? components[0].value : undefined;
}
