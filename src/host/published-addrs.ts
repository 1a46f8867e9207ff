/** Where a host says that it can be reached: its listen addresses, or what the user's operator makes of them. @source go-libp2p host addresses (ADDR-4, ADDR-5) */
import {
  BehaviorSubject,
  defer,
  map,
  type MonoTypeOperatorFunction,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError, Libp2pError, quote } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { parseMultiaddr, splitPeer, withPeer } from '../core/multiaddr.js';
import { show } from '../core/show.js';
import { guard } from '../rx/guarded.js';
import type { EventLog } from '../swarm/event-log.js';

export type AddrsFactory = MonoTypeOperatorFunction<readonly Multiaddr[]>;

export class PublishedAddrs {
  readonly addrs$: Observable<readonly Multiaddr[]>;
  /** Where it listens. */
  private readonly bound = new BehaviorSubject<readonly Multiaddr[]>([]);
  private readonly snapshot = new BehaviorSubject<readonly Multiaddr[]>([]);
  private current: readonly Multiaddr[] = [];
  private factory: AddrsFactory | undefined;
  private working: Subscription | undefined;

  constructor(
    private readonly self: PeerId,
    private readonly log: EventLog,
    factory: AddrsFactory | undefined,
  ) {
    this.factory = factory;
    this.addrs$ = guard(this.snapshot, (error) => {
      log.unhandled(error);
    });
  }

  get addrs(): readonly Multiaddr[] {
    return this.current;
  }

  /** The factory's turn, which may publish addresses although nobody listens; once whoever hears warnings is there. */
  start(): void {
    const { factory } = this;
    if (factory === undefined) return;
    this.working = defer(() => factory(this.bound.asObservable()))
      .pipe(map((addrs) => this.checked(addrs)))
      .subscribe({
        next: (addrs) => {
          if (addrs.join() !== this.current.join()) this.publish(addrs);
        },
        error: (error: unknown) => {
          this.failed(`addrsFactory failed: ${asError(error).message}`, error);
        },
        complete: () => {
          this.failed('addrsFactory completed');
        },
      });
  }

  /** Where this host listens has changed. */
  update(addrs: readonly Multiaddr[]): void {
    const hadFactory = this.factory !== undefined;
    this.bound.next(addrs);
    // A factory that fails at these has published them.
    if (!hadFactory) this.publish(addrs);
  }

  /** The host stops: what the factory made of listeners ends before they do. */
  stop(): void {
    if (this.factory === undefined) return;
    this.working?.unsubscribe();
    if (this.current.length > 0) this.publish([]);
  }

  complete(): void {
    this.log.emissions.run(() => {
      this.snapshot.complete();
    });
  }

  /** From now on the addresses are as they are. */
  private failed(message: string, cause?: unknown): void {
    this.factory = undefined;
    const what = `${message}; the listen addresses are published as they are`;
    this.log.fail({ type: 'warning' }, new Libp2pError('ERR_INVALID_OPTION', 'local', what, { cause }));
    this.publish(this.bound.value);
  }

  /** A copy, for the factory may keep its list; each once, with this host's peer at its end. */
  private checked(emitted: readonly Multiaddr[]): readonly Multiaddr[] {
    // Whoever does not use types can emit anything.
    const isList: boolean = Array.isArray(emitted);
    if (!isList) throw new TypeError(`it emitted ${show(emitted)}, which is no list of addresses`);
    const byText = new Map(emitted.map((addr) => this.own(addr)).map((addr) => [addr.toString(), addr]));
    return [...byText.values()];
  }

  private own(given: Multiaddr): Multiaddr {
    const addr = parseMultiaddr(given);
    const { peer } = splitPeer(addr);
    if (peer?.equals(this.self) === false)
      throw new TypeError(`it emitted ${quote(addr.toString())}, which is another peer's`);
    return withPeer(addr, this.self);
  }

  private publish(addrs: readonly Multiaddr[]): void {
    this.current = addrs;
    this.log.emissions.run(() => {
      this.snapshot.next(addrs);
    });
    this.log.say({ type: 'addrs:change', addrs: addrs.map(String) });
  }
}
