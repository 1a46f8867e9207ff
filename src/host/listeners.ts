/** What this host listens on: each a subscription, all their addresses one list. */
import { BehaviorSubject, distinctUntilChanged, map, Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { parseMultiaddr, withPeer } from '../core/multiaddr.js';
import type { ListenEvent, RawConnection, Transport } from '../core/parts.js';
import type { Listener } from '../core/stream-contract.js';
import type { EventLog } from '../swarm/event-log.js';

interface Bound {
  readonly requested: Multiaddr;
  readonly addrs: BehaviorSubject<readonly Multiaddr[]>;
  stop(): void;
}

export class Listeners {
  private readonly bound = new Set<Bound>();

  constructor(
    private readonly self: PeerId,
    private readonly transports: readonly Transport[],
    private readonly log: EventLog,
    private readonly accept: (raw: RawConnection) => void,
    /** Hears all addresses that are bound, whenever they change. */
    private readonly changed: (addrs: readonly Multiaddr[]) => void,
  ) {}

  listen(addr: string | Multiaddr): Observable<Listener> {
    return new Observable<Listener>((subscriber) => {
      const requested = parse(addr);
      if (requested instanceof Error) {
        this.fail(String(addr), requested, (error) => {
          subscriber.error(error);
        });
        return;
      }
      const transport = this.transports.find((candidate) => candidate.canListen(requested));
      if (transport === undefined) {
        this.fail(
          requested.toString(),
          new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `no transport listens on ${requested.toString()}`),
          (error) => {
            subscriber.error(error);
          },
        );
        return;
      }
      const listener: Bound = {
        requested,
        addrs: new BehaviorSubject<readonly Multiaddr[]>([]),
        stop: () => {
          subscriber.complete();
        },
      };
      subscriber.add(() => {
        this.close(listener);
      });
      subscriber.add(
        transport.listen(requested).subscribe({
          next: (event) => {
            if (this.handle(listener, event)) subscriber.next(faceOf(listener));
          },
          error: (error: unknown) => {
            this.fail(requested.toString(), error, (failure) => {
              subscriber.error(failure);
            });
          },
        }),
      );
    });
  }

  /** Every port closes, every listener's observable completes. */
  stop(): void {
    for (const listener of [...this.bound]) listener.stop();
  }

  /** Whether the listener has just been bound. */
  private handle(listener: Bound, event: ListenEvent): boolean {
    if (event.type === 'inbound') {
      this.accept(event.connection);
      return false;
    }
    if (event.type === 'warning') {
      this.log.fail({ type: 'warning' }, event.error);
      return false;
    }
    const isNew = !this.bound.has(listener);
    this.bound.add(listener);
    listener.addrs.next(event.addrs.map((addr) => withPeer(addr, this.self)));
    this.publish();
    if (isNew)
      this.log.say({
        type: 'listen:open',
        requested: listener.requested.toString(),
        addrs: listener.addrs.value.map(String),
      });
    return isNew;
  }

  private close(listener: Bound): void {
    if (!this.bound.delete(listener)) return;
    listener.addrs.complete();
    this.publish();
    this.log.say({ type: 'listen:close', requested: listener.requested.toString() });
  }

  private fail(requested: string, error: unknown, tell: (error: unknown) => void): void {
    this.log.fail({ type: 'listen:error', requested }, error);
    tell(error);
  }

  private publish(): void {
    this.changed([...this.bound].flatMap(({ addrs }) => addrs.value));
  }
}

function faceOf(listener: Bound): Listener {
  return {
    requested: listener.requested,
    get addrs() {
      return listener.addrs.value;
    },
    addrs$: listener.addrs.pipe(
      map((addrs) => addrs),
      distinctUntilChanged(),
    ),
  };
}

function parse(addr: string | Multiaddr): Multiaddr | Error {
  try {
    return parseMultiaddr(addr);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
