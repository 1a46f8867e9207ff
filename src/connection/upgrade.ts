/** From a raw channel to a secured and muxed one, as one pipeline that emits once. @source libp2p connections specification */
import { map, Observable, of, switchMap, type Subscriber } from 'rxjs';
import type { Duplex } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Muxer, RawConnection, Secured, SecuredMuxed, SecurityProtocol } from '../core/parts.js';
import { refuseOther } from '../core/remote-peer.js';
import { offer, offerLazily, respond, type Selected } from '../protocols/multistream/select.js';

export interface UpgradeDeps {
  readonly security: readonly SecurityProtocol[];
  readonly muxers: readonly Muxer[];
  /** A private network's, for each channel before anything is said on it. */
  readonly protect?: ((duplex: Duplex) => Duplex) | undefined;
  /** Who may be talked to; all, if left out. */
  readonly gate?: SecuredGate | undefined;
}
/** Asked once the remote has proven who it is, before the muxer's turn; an error refuses. @source go-libp2p, 8.3 stage 7 */
interface SecuredGate {
  refusesSecured(direction: Direction, peer: PeerId, raw: RawConnection): Error | undefined;
}
export interface Upgraded {
  readonly raw: RawConnection;
  readonly duplex: Duplex;
  readonly remotePeer: PeerId;
  readonly encryption: string;
  readonly muxer: Muxer;
  /** Whether the security handshake settled the muxer, which saves a round trip. */
  readonly earlyMuxer?: boolean | undefined;
  /** Ours in the handshakes, and so the muxer's. */
  readonly role: Role;
}
export type UpgradeUpdate =
  | { readonly type: 'progress'; readonly stage: 'connected' | 'secured' }
  | { readonly type: 'upgraded'; readonly upgraded: Upgraded };
type Role = 'client' | 'server';
type Direction = 'inbound' | 'outbound';
interface SecuredBy {
  readonly encryption: string;
  readonly secured: Secured;
}

/**
 * Of a channel that was dialed: emits the stages as they are reached (`connected` at once), then the upgraded channel,
 * and completes. Until then it owns the channel, and destroys it when it fails or is abandoned; afterwards the connection
 * does. Where both sides dialed at once, `role` says who acts as client; else the dialer does.
 */
export function upgradeOutbound(
  raw: RawConnection,
  expectedPeer: PeerId,
  deps: UpgradeDeps,
  role: Role = 'client',
): Observable<UpgradeUpdate> {
  const { duplex, native } = raw;
  const handshake = (channel: Duplex): Observable<SecuredBy> =>
    role === 'client' ? initiate(channel, expectedPeer, deps) : answer(channel, deps, expectedPeer);
  return new Observable<UpgradeUpdate>((subscriber) => {
    const tell = (update: UpgradeUpdate): void => {
      subscriber.next(update);
    };
    const upgrade = new Upgrade({ raw, direction: 'outbound', role, deps }, subscriber, tell);
    tell(CONNECTED);
    upgrade.secure(() =>
      native === undefined ? handshake(guarded(duplex, deps)) : taken(native, duplex, deps, expectedPeer),
    );
  });
}

/**
 * As `upgradeOutbound`, for a channel that came in: any peer is welcome that proves who it is. Emits the upgraded channel
 * alone. `channel` is how `raw` is read.
 */
export function upgradeInbound(
  raw: RawConnection,
  deps: UpgradeDeps,
  channel: Duplex = raw.duplex,
): Observable<Upgraded> {
  const { native } = raw;
  return new Observable<Upgraded>((subscriber) => {
    const tell = (update: UpgradeUpdate): void => {
      if (update.type === 'upgraded') subscriber.next(update.upgraded);
    };
    new Upgrade({ raw, direction: 'inbound', role: 'server', deps }, subscriber, tell).secure(() =>
      native === undefined ? answer(guarded(channel, deps), deps) : taken(native, channel, deps),
    );
  });
}

const CONNECTED: UpgradeUpdate = { type: 'progress', stage: 'connected' };
const SECURED: UpgradeUpdate = { type: 'progress', stage: 'secured' };

function initiate(duplex: Duplex, expectedPeer: PeerId, deps: UpgradeDeps): Observable<SecuredBy> {
  const muxers = protocolsOf(deps.muxers);
  const secure = (chosen: SecurityProtocol, channel: Duplex): Observable<SecuredBy> =>
    chosen
      .secure(channel, { role: 'initiator', expectedPeer, muxers })
      .pipe(map((secured) => ({ encryption: chosen.protocol, secured })));
  const [sole, ...others] = deps.security;
  const takesOver = sole?.wantsRelease === true && duplex.release !== undefined;
  return sole !== undefined && others.length === 0 && !takesOver
    ? // A sole protocol is proposed without waiting: its first message travels with the proposal.
      secure(sole, offerLazily(duplex, sole.protocol))
    : offer(duplex, protocolsOf(deps.security)).pipe(
        switchMap((selected) => secure(byProtocol(deps.security, selected.protocol), selected.duplex)),
      );
}

function answer(duplex: Duplex, deps: UpgradeDeps, expectedPeer?: PeerId): Observable<SecuredBy> {
  const muxers = protocolsOf(deps.muxers);
  return respond(duplex, protocolsOf(deps.security)).pipe(
    switchMap((selected) =>
      byProtocol(deps.security, selected.protocol)
        .secure(selected.duplex, { role: 'responder', expectedPeer, muxers })
        .pipe(map((secured): SecuredBy => ({ encryption: selected.protocol, secured }))),
    ),
  );
}

/** What the transport has proven and settled itself; that it is the peer that was dialed is ours to see. */
function taken(
  { remotePeer, encryption, muxer }: SecuredMuxed,
  duplex: Duplex,
  { protect }: UpgradeDeps,
  expectedPeer?: PeerId,
): Observable<SecuredBy> {
  if (protect !== undefined)
    throw new Libp2pError(
      'ERR_PNET',
      'local',
      `${encryption} comes with a transport that knows no private networks`,
    );
  refuseOther(remotePeer, expectedPeer);
  return of({ encryption, secured: { duplex, remotePeer, muxer: muxer.protocol } });
}

function guarded(duplex: Duplex, { protect }: UpgradeDeps): Duplex {
  return protect === undefined ? duplex : protect(duplex);
}

interface Upgrading {
  readonly raw: RawConnection;
  readonly direction: Direction;
  readonly role: Role;
  readonly deps: UpgradeDeps;
}

/** One channel on its way up: security, the gate, the muxer. It is destroyed unless it gets there. */
class Upgrade {
  private handedOn = false;
  private cause: Error | undefined;

  constructor(
    private readonly upgrading: Upgrading,
    private readonly subscriber: Subscriber<unknown>,
    private readonly tell: (update: UpgradeUpdate) => void,
  ) {
    subscriber.add(() => {
      this.leave();
    });
  }

  secure(begin: () => Observable<SecuredBy>): void {
    if (this.subscriber.closed) return;
    this.listen(begin, (secured) => {
      this.secured(secured);
    });
  }

  private secured(by: SecuredBy): void {
    const { raw, direction, role, deps } = this.upgrading;
    const { duplex, remotePeer, muxer } = by.secured;
    const refusal = deps.gate?.refusesSecured(direction, remotePeer, raw);
    if (refusal !== undefined) throw refusal;
    // The peer is known now: what it has of our limits is its own (8.3, stage 8).
    raw.scope?.setPeer(remotePeer.toString());
    this.tell(SECURED);
    if (this.subscriber.closed) return;
    if (muxer !== undefined) this.muxed(by, { protocol: muxer, duplex });
    else {
      const select = role === 'client' ? offer : respond;
      this.listen(
        () => select(duplex, protocolsOf(deps.muxers)),
        (settled) => {
          this.muxed(by, settled);
        },
      );
    }
  }

  private muxed({ encryption, secured }: SecuredBy, settled: Selected): void {
    const { raw, role, deps } = this.upgrading;
    const upgraded = {
      raw,
      duplex: settled.duplex,
      remotePeer: secured.remotePeer,
      encryption,
      muxer: raw.native?.muxer ?? byProtocol(deps.muxers, settled.protocol),
      // In go-libp2p as well, QUIC does not count as early.
      earlyMuxer: secured.muxer !== undefined && raw.native === undefined,
      role,
    };
    this.handedOn = true;
    this.tell({ type: 'upgraded', upgraded });
    this.subscriber.complete();
  }

  /** What is thrown on the way, too, fails it. */
  private listen<T>(begin: () => Observable<T>, next: (value: T) => void): void {
    const error = (thrown: unknown): void => {
      this.cause = asError(thrown);
      this.subscriber.error(thrown);
    };
    try {
      const stage = begin().subscribe({
        next: (value) => {
          try {
            next(value);
          } catch (thrown) {
            error(thrown);
          }
        },
        error,
      });
      this.subscriber.add(stage);
    } catch (thrown) {
      error(thrown);
    }
  }

  private leave(): void {
    if (this.handedOn) return;
    const { raw } = this.upgrading;
    raw.duplex.sink.error(this.cause ?? new Libp2pError('ERR_ABORTED', 'local', 'the upgrade was abandoned'));
    raw.scope?.done();
  }
}

function protocolsOf(parts: readonly { readonly protocol: string }[]): string[] {
  return parts.map(({ protocol }) => protocol);
}

function byProtocol<T extends { readonly protocol: string }>(parts: readonly T[], protocol: string): T {
  const part = parts.find((candidate) => candidate.protocol === protocol);
  if (part === undefined)
    throw new Libp2pError(
      'ERR_UNSUPPORTED_PROTOCOL',
      'remote',
      `the remote chose ${protocol}, which was not offered`,
    );
  return part;
}
