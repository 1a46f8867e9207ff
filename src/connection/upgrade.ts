/** From a raw channel to a secured and muxed one, as one pipeline that emits once. @source libp2p connections specification */
import { map, Observable, of, switchMap } from 'rxjs';
import type { Duplex } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Muxer, RawConnection, Secured, SecurityProtocol } from '../core/parts.js';
import { offer, offerLazily, respond } from '../protocols/multistream/select.js';

export interface UpgradeDeps {
  readonly security: readonly SecurityProtocol[];
  readonly muxers: readonly Muxer[];
}
export interface Upgraded {
  readonly raw: RawConnection;
  readonly duplex: Duplex;
  readonly remotePeer: PeerId;
  readonly encryption: string;
  readonly muxer: Muxer;
}
interface SecuredBy {
  readonly encryption: string;
  readonly secured: Secured;
}

/** Until it emits, the upgrade owns the channel and destroys it when it fails or is abandoned; afterwards the connection does. */
export function upgradeOutbound(
  raw: RawConnection,
  expectedPeer: PeerId,
  deps: UpgradeDeps,
): Observable<Upgraded> {
  const muxers = deps.muxers.map(({ protocol }) => protocol);
  const secure = (chosen: SecurityProtocol, duplex: Duplex): Observable<SecuredBy> =>
    chosen
      .secure(duplex, { role: 'initiator', expectedPeer, muxers })
      .pipe(map((secured) => ({ encryption: chosen.protocol, secured })));
  const [sole, ...others] = deps.security;
  const secured$ =
    sole !== undefined && others.length === 0
      ? // A sole protocol is proposed without waiting: its first message travels with the proposal.
        secure(sole, offerLazily(raw.duplex, sole.protocol))
      : offer(raw.duplex, protocolsOf(deps.security)).pipe(
          switchMap(({ protocol, duplex }) => secure(byProtocol(deps.security, protocol), duplex)),
        );
  return owned(raw, secured$.pipe(switchMap((secured) => mux(raw, secured, deps, offer))));
}

/** As `upgradeOutbound`, for a channel that came in: any peer is welcome that proves who it is. `channel` is how `raw` is read. */
export function upgradeInbound(
  raw: RawConnection,
  deps: UpgradeDeps,
  channel: Duplex = raw.duplex,
): Observable<Upgraded> {
  const muxers = protocolsOf(deps.muxers);
  const secured$ = respond(channel, protocolsOf(deps.security)).pipe(
    switchMap(({ protocol, duplex }) =>
      byProtocol(deps.security, protocol)
        .secure(duplex, { role: 'responder', muxers })
        .pipe(map((secured): SecuredBy => ({ encryption: protocol, secured }))),
    ),
  );
  return owned(raw, secured$.pipe(switchMap((secured) => mux(raw, secured, deps, respond))));
}

function mux(
  raw: RawConnection,
  { encryption, secured }: SecuredBy,
  deps: UpgradeDeps,
  select: typeof offer,
): Observable<Upgraded> {
  const { duplex, muxer, remotePeer } = secured;
  const settled$ =
    muxer === undefined ? select(duplex, protocolsOf(deps.muxers)) : of({ protocol: muxer, duplex });
  return settled$.pipe(
    map((settled) => ({
      raw,
      duplex: settled.duplex,
      remotePeer,
      encryption,
      muxer: byProtocol(deps.muxers, settled.protocol),
    })),
  );
}

function owned(raw: RawConnection, source: Observable<Upgraded>): Observable<Upgraded> {
  return new Observable<Upgraded>((subscriber) => {
    let emitted = false;
    let cause: Error = new Libp2pError('ERR_ABORTED', 'local', 'the upgrade was abandoned');
    subscriber.add(() => {
      if (!emitted) raw.duplex.sink.error(cause);
    });
    subscriber.add(
      source.subscribe({
        next: (upgraded) => {
          emitted = true;
          subscriber.next(upgraded);
          subscriber.complete();
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
