/** What every security protocol asks of a peer id that has just been proven. */
import { Libp2pError } from './errors.js';
import type { PeerId } from './identity.js';

/** Throws ERR_DIAL_SELF where the other end is this host. */
export function refuseSelf(remotePeer: PeerId, self: PeerId): void {
  if (remotePeer.equals(self))
    throw new Libp2pError('ERR_DIAL_SELF', 'local', 'the other end is this host itself');
}

/** Throws ERR_PEER_ID_MISMATCH where another peer was dialed; nobody is expected of one who came by himself. */
export function refuseOther(remotePeer: PeerId, expected: PeerId | undefined): void {
  if (expected?.equals(remotePeer) !== false) return;
  throw new Libp2pError(
    'ERR_PEER_ID_MISMATCH',
    'remote',
    `peer id mismatch: expected ${expected.toString()}, but remote key matches ${remotePeer.toString()}`,
  );
}
