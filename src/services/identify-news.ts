/** What identify says on `event$`, made only while somebody listens. @source go-libp2p identify (ID-11) */
import { fromUtf8 } from '../core/bytes.js';
import { METADATA } from '../core/peer-store-contract.js';
import type { Identity } from '../protocols/identify/identity.js';
import type { IdentifyEvent } from './contract.js';
import type { ServiceDeps } from './deps.js';
import type { IdentifyLink } from './identify-link.js';

type NewsDeps = Pick<ServiceDeps, 'log' | 'peerStore'>;

export function tellProtocols(
  { log }: NewsDeps,
  { peer, connection }: IdentifyLink,
  before: readonly string[],
  now: readonly string[],
): void {
  const [had, has] = [new Set(before), new Set(now)];
  const added = now.filter((protocol) => !had.has(protocol));
  const removed = before.filter((protocol) => !has.has(protocol));
  if (added.length === 0 && removed.length === 0) return;
  log.say({ type: 'peer:protocols', peer, added, removed }, { peerId: connection.remotePeer });
}

export function tellIdentity(deps: NewsDeps, link: IdentifyLink, identity: Identity): void {
  const { log } = deps;
  if (!log.observed && !link.isAwaited) return;
  const { connection, peer } = link;
  log.say(
    { type: 'peer:identify', peer, connectionId: connection.id, ...factsOf(deps, link, identity) },
    { peerId: connection.remotePeer, connection },
    link.isAwaited
      ? (event) => {
          // It was said as one just above.
          link.answered(event as unknown as IdentifyEvent);
        }
      : undefined,
  );
}

/** What a push left out is told as it was known. */
function factsOf(
  { peerStore }: NewsDeps,
  { connection }: IdentifyLink,
  identity: Identity,
): Pick<IdentifyEvent, 'agent' | 'protocols' | 'listenAddrs' | 'observedAddr'> {
  const { addrs = [], protocols = [], metadata } = peerStore.get(connection.remotePeer) ?? {};
  return {
    agent: identity.agent ?? textOf(metadata?.get(METADATA.agent)),
    protocols: identity.protocols ?? protocols,
    listenAddrs: (identity.addrs ?? addrs.map(({ addr }) => addr)).map(String),
    observedAddr: identity.observedAddr?.toString(),
  };
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : (fromUtf8(bytes) ?? '');
}
