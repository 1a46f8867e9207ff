/** Inbound channels that have not proven who they are: counted, bounded, and all under the same absolute deadlines. */
import { Observable, type SchedulerLike } from 'rxjs';
import { isLoopback } from '../core/address-class.js';
import { asError, LimitError, TimeoutError } from '../core/errors.js';
import { isMapped, parseIp6, printIp4 } from '../core/ip.js';
import type { ConnectionScope, ResourceManager } from '../core/limits-contract.js';
import { hostAndPort } from '../core/multiaddr.js';
import type { RawConnection } from '../core/parts.js';
import { upgradeInbound, type UpgradeDeps, type Upgraded } from '../connection/upgrade.js';
import { tellFirstByte } from '../rx/first-byte.js';
import { factsOf } from './connection-facts.js';

/** Channels being upgraded, from one IP address, and in all where no resource manager counts them (its transient scope does). @source reliability limits, counts */
const MAX_PENDING = 64;
const MAX_PENDING_PER_ADDR = 8;
/** From accepting on, whatever comes meanwhile: to the first byte, and to the end. @source reliability limits, times; go-libp2p tcpreuse */
const FIRST_BYTE_TIMEOUT_MS = 5_000;
const UPGRADE_TIMEOUT_MS = 10_000;

export interface PendingDeps extends UpgradeDeps {
  readonly resources?: ResourceManager | undefined;
  /** A limit of this one's own; the resource manager tells its own. */
  readonly limitMet?: ((error: LimitError) => void) | undefined;
}

export class PendingInbound {
  private total = 0;
  private readonly perHost = new Map<string, number>();

  constructor(
    private readonly deps: PendingDeps,
    private readonly scheduler: SchedulerLike,
  ) {}

  /** Emits one upgraded connection and completes; errors with what went wrong, or a `LimitError`. The channel is destroyed unless it emits. */
  upgrade(raw: RawConnection): Observable<Upgraded> {
    return new Observable<Upgraded>((subscriber) => {
      const counted = isLoopback(raw.remoteAddr) ? undefined : hostOf(raw);
      const scope = this.admitted(raw, counted);
      if (scope instanceof Error) {
        raw.duplex.sink.error(scope);
        subscriber.error(scope);
        return;
      }
      raw.scope = scope;
      this.count(counted, 1);
      subscriber.add(() => {
        this.count(counted, -1);
      });
      const silent = this.scheduler.schedule(() => {
        subscriber.error(
          new TimeoutError('the first byte of an inbound connection', FIRST_BYTE_TIMEOUT_MS, 'remote'),
        );
      }, FIRST_BYTE_TIMEOUT_MS);
      subscriber.add(silent);
      const duplex = tellFirstByte(raw.duplex, () => {
        silent.unsubscribe();
      });
      const late = this.scheduler.schedule(() => {
        subscriber.error(new TimeoutError('the inbound upgrade', UPGRADE_TIMEOUT_MS, 'remote'));
      }, UPGRADE_TIMEOUT_MS);
      subscriber.add(late);
      subscriber.add(upgradeInbound(raw, this.deps, duplex).subscribe(subscriber));
    });
  }

  /** What it takes of the host's limits, or why it may not. */
  private admitted(raw: RawConnection, counted: string | undefined): ConnectionScope | Error | undefined {
    const refusal = this.refusal(counted);
    if (refusal !== undefined) {
      this.deps.limitMet?.(refusal);
      return refusal;
    }
    try {
      return this.deps.resources?.openConnection(
        'inbound',
        factsOf(raw.remoteAddr, raw.relayed !== undefined),
      );
    } catch (error) {
      return asError(error);
    }
  }

  private refusal(host: string | undefined): LimitError | undefined {
    if (this.deps.resources === undefined && this.total >= MAX_PENDING)
      return new LimitError('host', 'pending inbound connections', MAX_PENDING);
    if (host !== undefined && (this.perHost.get(host) ?? 0) >= MAX_PENDING_PER_ADDR)
      return new LimitError(host, 'pending inbound connections', MAX_PENDING_PER_ADDR);
    return undefined;
  }

  private count(host: string | undefined, by: 1 | -1): void {
    this.total += by;
    if (host === undefined) return;
    const count = (this.perHost.get(host) ?? 0) + by;
    if (count === 0) this.perHost.delete(host);
    else this.perHost.set(host, count);
  }
}

/** The IP address that a channel is counted under: IPv4 in IPv6 clothes is IPv4. */
function hostOf({ remoteAddr }: RawConnection): string | undefined {
  const host = hostAndPort(remoteAddr)?.host;
  const bytes = host === undefined ? undefined : parseIp6(host);
  return bytes !== undefined && isMapped(bytes) ? printIp4(bytes.subarray(12)) : host;
}
