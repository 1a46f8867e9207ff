/** The two ends of a security protocol under test. */
import type { Observable } from 'rxjs';
import type { Duplex } from '../../core/duplex.js';
import type { PeerId, PrivateKey } from '../../core/identity.js';
import { generateKey } from '../../core/keys.js';
import type { Secured, SecurityPart } from '../../core/parts.js';
import { platformRandom } from '../../crypto/random.js';
import type { SecurityFactory } from '../../host/contract.js';
import { monotonicScheduler } from '../../platform/monotonic-scheduler.js';
import { blocks, Checksum, hear, mustMatch, send } from './bytes.js';
import type { SecuritySettings } from './part-options.js';
import type { Wire } from './suite-wire.js';
import { done, failureOf, first, must, within } from './waiting.js';

type Role = 'initiator' | 'responder';
interface Side {
  readonly key?: PrivateKey | undefined;
  readonly expects?: PeerId | undefined;
  readonly muxers?: readonly string[] | undefined;
}

export class SecurityBench {
  constructor(
    private readonly factory: () => SecurityFactory,
    readonly settings: SecuritySettings,
  ) {}

  secure(duplex: Duplex, role: Role, side: Side = {}): Promise<Secured> {
    return first(this.securing(duplex, role, side));
  }

  securing(duplex: Duplex, role: Role, side: Side = {}): Observable<Secured> {
    // Public types show less than what a part is.
    const part = this.factory() as SecurityPart;
    must('create' in part, `the factory gave ${part.protocol}, which is no security protocol`);
    const { key = generateKey(), expects, muxers = [] } = side;
    const context = { scheduler: monotonicScheduler, random: platformRandom, privateKey: key };
    return part.create(context).secure(duplex, { role, expectedPeer: expects, muxers });
  }

  within<T>(work: Promise<T>, otherwise: string): Promise<T> {
    return within(work, otherwise, this.settings.patienceMs);
  }

  failureOf(work: Promise<unknown>, otherwise: string): Promise<unknown> {
    return failureOf(work, otherwise, this.settings.patienceMs);
  }

  /** Both ends, each with the other's proof. */
  both(wire: Wire, dialer: Side = {}, listener: Side = {}): Promise<readonly [Secured, Secured]> {
    const work = Promise.all([
      this.secure(wire.near, 'initiator', dialer),
      this.secure(wire.far, 'responder', listener),
    ]);
    return this.within(work, 'the handshake has not ended');
  }

  async carry(from: Duplex, to: Duplex, byteLength: number, what: string): Promise<void> {
    const heard = hear(to);
    const sum = new Checksum();
    await done(send(from, blocks(byteLength, 1, sum)));
    await mustMatch(heard, sum, what, this.settings.timeoutMs / 2);
  }
}

/** What it gives, or why not. */
export function outcomeOf<T>(work: Promise<T>): Promise<T | Error> {
  return work.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
