/** From a raw channel to a secured and muxed one, as one pipeline that emits once. @source libp2p connections specification */
import {
  concat,
  defer,
  map,
  mergeMap,
  Observable,
  of,
  switchMap,
  tap,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import type { Duplex } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Muxer, RawConnection, Secured, SecuredMuxed, SecurityProtocol } from '../core/parts.js';
import { refuseOther } from '../core/remote-peer.js';
import { offer, offerLazily, respond } from '../protocols/multistream/select.js';

export interface UpgradeDeps {
  readonly security: readonly SecurityProtocol[];
  readonly muxers: readonly Muxer[];
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
  const handshake = (): Observable<SecuredBy> =>
    role === 'client' ? initiate(duplex, expectedPeer, deps) : answer(duplex, deps, expectedPeer);
  const secured$ = native === undefined ? handshake() : taken(native, duplex, expectedPeer);
  const admitted$ = secured$.pipe(gated('outbound', raw, deps));
  return owned(raw, concat(of(CONNECTED), stages(raw, admitted$, deps, role)));
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
  const secured$ = raw.native === undefined ? answer(channel, deps) : taken(raw.native, channel);
  const admitted$ = secured$.pipe(gated('inbound', raw, deps));
  return owned(raw, stages(raw, admitted$, deps, 'server')).pipe(
    mergeMap((update) => (update.type === 'upgraded' ? [update.upgraded] : [])),
  );
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
function taken(native: SecuredMuxed, duplex: Duplex, expectedPeer?: PeerId): Observable<SecuredBy> {
  return defer(() => {
    const { remotePeer, encryption, muxer } = native;
    refuseOther(remotePeer, expectedPeer);
    return of({ encryption, secured: { duplex, remotePeer, muxer: muxer.protocol } });
  });
}

/** Errors where the gater does not want the peer. */
function gated(
  direction: Direction,
  raw: RawConnection,
  { gate }: UpgradeDeps,
): MonoTypeOperatorFunction<SecuredBy> {
  return map((secured) => {
    const refusal = gate?.refusesSecured(direction, secured.secured.remotePeer, raw);
    if (refusal !== undefined) throw refusal;
    return secured;
  });
}

/** The muxer's turn; that the channel is secured is told before. */
function stages(
  raw: RawConnection,
  secured$: Observable<SecuredBy>,
  deps: UpgradeDeps,
  role: Role,
): Observable<UpgradeUpdate> {
  return secured$.pipe(
    // The peer is known now: what it has of our limits is its own (8.3, stage 8).
    tap(({ secured }) => {
      raw.scope?.setPeer(secured.remotePeer.toString());
    }),
    switchMap((secured) => concat(of(SECURED), mux(raw, secured, deps, role))),
  );
}

function mux(
  raw: RawConnection,
  { encryption, secured }: SecuredBy,
  deps: UpgradeDeps,
  role: Role,
): Observable<UpgradeUpdate> {
  const { duplex, muxer, remotePeer } = secured;
  const select = role === 'client' ? offer : respond;
  const settled$ =
    muxer === undefined ? select(duplex, protocolsOf(deps.muxers)) : of({ protocol: muxer, duplex });
  return settled$.pipe(
    map((settled) => ({
      type: 'upgraded',
      upgraded: {
        raw,
        duplex: settled.duplex,
        remotePeer,
        encryption,
        muxer: raw.native?.muxer ?? byProtocol(deps.muxers, settled.protocol),
        // In go-libp2p as well, QUIC does not count as early.
        earlyMuxer: muxer !== undefined && raw.native === undefined,
        role,
      },
    })),
  );
}

function owned(raw: RawConnection, source: Observable<UpgradeUpdate>): Observable<UpgradeUpdate> {
  return new Observable<UpgradeUpdate>((subscriber) => {
    let handedOn = false;
    let cause: Error | undefined;
    subscriber.add(() => {
      if (handedOn) return;
      raw.duplex.sink.error(cause ?? new Libp2pError('ERR_ABORTED', 'local', 'the upgrade was abandoned'));
      raw.scope?.done();
    });
    subscriber.add(
      source.subscribe({
        next: (update) => {
          handedOn = update.type === 'upgraded';
          subscriber.next(update);
          if (handedOn) subscriber.complete();
        },
        error: (error: unknown) => {
          cause = asError(error);
          subscriber.error(error);
        },
      }),
    );
  });
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
