/** A message judged: what of it may be believed and kept. Pure; throws before anything is stored. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { escaped, Libp2pError } from '../../core/errors.js';
import type { PeerId } from '../../core/identity.js';
import { publicKeyFrom } from '../../core/keys.js';
import { multiaddrFromNetwork, splitPeer } from '../../core/multiaddr.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { openPeerRecord, type SignedPeerRecord } from '../../core/peer-record.js';
import { InvalidRecordError } from '../../core/signed-envelope.js';
import { filterAddrs, isPlausibleObservation, MAX_ADDRS } from './addr-filter.js';
import type { IdentifyMessage } from './identify-message.js';

/** Kept of one peer; longer names are no protocols that could be opened. @source reliability limits, bytes; wire sheet 8.4 */
const MAX_PROTOCOLS = 256;
const MAX_PROTOCOL_BYTES = 256;
/** Bytes of the agent's and the protocol's version, which are cut. @source reliability limits, bytes */
const MAX_VERSION_BYTES = 256;

/** What is undefined stays as it was known. */
export interface Identity {
  readonly protocols: readonly string[] | undefined;
  readonly addrs: readonly Multiaddr[] | undefined;
  /** Where `addrs` come from, if the peer has signed them. */
  readonly envelope: Bytes | undefined;
  /** What is in the envelope, once its signature was verified. */
  readonly record: SignedPeerRecord | undefined;
  readonly observedAddr: Multiaddr | undefined;
  readonly agent: string | undefined;
  readonly protocolVersion: string | undefined;
}
export interface Judging {
  readonly remotePeer: PeerId;
  readonly remoteAddr: Multiaddr;
  readonly isPush: boolean;
}

/**
 * Throws ERR_PEER_ID_MISMATCH for another peer's key and ERR_INVALID_KEY for one that is none: then nothing of the message
 * counts. All else that is malformed is passed over by itself. @source go-libp2p identify (ID-11 to ID-16)
 */
export function judge(message: IdentifyMessage, judging: Judging): Identity {
  checkKey(message.publicKey, judging.remotePeer);
  // js-libp2p leaves its key out of pushes, and what else has not changed; go sends all, so that nothing means none.
  const isComplete = !judging.isPush || message.publicKey !== undefined;
  const { observedAddr, agentVersion, protocolVersion } = message;
  return {
    protocols: isComplete || message.protocols.length > 0 ? protocolsOf(message.protocols) : undefined,
    ...addrsOf(message, judging, isComplete),
    observedAddr: observedAddr && observationOf(observedAddr, judging.remoteAddr),
    agent: agentVersion === undefined ? undefined : version(agentVersion),
    protocolVersion: protocolVersion === undefined ? undefined : version(protocolVersion),
  };
}

/** Go passes a wrong key over; we take nothing from who names another's. @source wire sheet 8.4; reliability checklist, I8, I9 */
function checkKey(bytes: Bytes | undefined, remotePeer: PeerId): void {
  if (bytes === undefined) return;
  const named = peerIdFrom(publicKeyFrom(bytes));
  if (named.equals(remotePeer)) return;
  throw new Libp2pError(
    'ERR_PEER_ID_MISMATCH',
    'remote',
    `identify: ${remotePeer.toString()} sent the public key of ${named.toString()}`,
  );
}

/** Cut where go-libp2p would lose all of them (ODD-2). A name that could move a terminal's cursor is no protocol of anybody's. */
function protocolsOf(names: readonly string[]): readonly string[] {
  const good = names.filter(
    (name) => name !== '' && utf8(name).byteLength <= MAX_PROTOCOL_BYTES && escaped(name) === name,
  );
  return [...new Set(good)].slice(0, MAX_PROTOCOLS);
}

const UNSIGNED = { envelope: undefined, record: undefined } as const;

/**
 * A record that the peer signed for itself counts instead of the list; one that it signed for another peer is worth
 * nothing, and neither is the list beside it. @source ID-14; wire sheet 8.4
 */
function addrsOf(
  { signedPeerRecord, listenAddrs }: IdentifyMessage,
  judging: Judging,
  isComplete: boolean,
): Pick<Identity, 'addrs' | 'envelope' | 'record'> {
  const signed = signedPeerRecord === undefined ? undefined : opened(signedPeerRecord, judging.remotePeer);
  if (signed === 'of another peer') return { addrs: [], ...UNSIGNED };
  if (signed !== undefined)
    return { addrs: kept(signed.addrs, judging), envelope: signedPeerRecord, record: signed };
  if (!isComplete && listenAddrs.length === 0) return { addrs: undefined, ...UNSIGNED };
  const read = listenAddrs.flatMap((bytes) => addrFrom(bytes) ?? []);
  return { addrs: kept(read, judging), ...UNSIGNED };
}

function opened(envelope: Bytes, remotePeer: PeerId): SignedPeerRecord | 'of another peer' | undefined {
  try {
    const record = openPeerRecord(envelope);
    return record.peerId.equals(remotePeer) ? record : 'of another peer';
  } catch (error) {
    // No record at all, and the list that came beside it is what there is (ID-11); unless its signer spoke for somebody else.
    const isForged = error instanceof InvalidRecordError && error.reason === 'peer-id-mismatch';
    return isForged ? 'of another peer' : undefined;
  }
}

/** Without the peer at the end; another peer's are left out. */
function kept(addrs: readonly Multiaddr[], { remotePeer, remoteAddr }: Judging): readonly Multiaddr[] {
  const own = addrs.flatMap((addr) => {
    const { transport, peer } = splitPeer(addr);
    return transport === undefined || peer?.equals(remotePeer) === false ? [] : [transport];
  });
  const unique = new Map(own.map((addr) => [addr.toString(), addr]));
  return filterAddrs([...unique.values()], remoteAddr).slice(0, MAX_ADDRS);
}

function addrFrom(bytes: Uint8Array): Multiaddr | undefined {
  try {
    const addr = multiaddrFromNetwork(bytes);
    // An empty address leads nowhere; what ends with a peer may have no peer id there, and then this throws.
    return bytes.byteLength === 0 || splitPeer(addr).transport === undefined ? undefined : addr;
  } catch {
    return undefined;
  }
}

function observationOf(bytes: Uint8Array, remoteAddr: Multiaddr): Multiaddr | undefined {
  const seen = addrFrom(bytes);
  // js-libp2p puts our own id at its end.
  const addr = seen && splitPeer(seen).transport;
  return addr !== undefined && isPlausibleObservation(addr, remoteAddr) ? addr : undefined;
}

/** At most 256 bytes, whole characters, none of which moves a terminal's cursor. @source reliability checklist, I10 */
function version(text: string): string {
  const bytes = utf8(text);
  // Streaming leaves a character out whose last bytes are cut off.
  const cut =
    bytes.byteLength <= MAX_VERSION_BYTES
      ? text
      : new TextDecoder().decode(bytes.subarray(0, MAX_VERSION_BYTES), { stream: true });
  return escaped(cut);
}
