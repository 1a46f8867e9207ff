/**
 * What peers tell each other about themselves: the message, its parts, and how they are put together.
 * @source libp2p identify specification; swarm sheet ID-2, ID-5
 */
import { ownBytes } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { LimitError } from '../../core/errors.js';
import { guardProtobuf } from '../../core/protobuf-guard.js';
import { Identify } from '../../generated/identify.js';

export const IDENTIFY = '/ipfs/id/1.0.0';
export const IDENTIFY_PUSH = '/ipfs/id/push/1.0.0';
/** One part, and how many of them a message may have. @source go-libp2p identify (ID-5); reliability limits, bytes */
export const MAX_PART_BYTES = 8192;
const MAX_PARTS = 10;

/** Nothing in here has been judged: keys, addresses and the record are the bytes that came. */
export interface IdentifyMessage {
  readonly publicKey?: Bytes | undefined;
  readonly listenAddrs: readonly Bytes[];
  readonly protocols: readonly string[];
  readonly observedAddr?: Bytes | undefined;
  readonly protocolVersion?: string | undefined;
  readonly agentVersion?: string | undefined;
  readonly signedPeerRecord?: Bytes | undefined;
}
export const NO_MESSAGE: IdentifyMessage = { listenAddrs: [], protocols: [] };

export function encodeIdentify(message: IdentifyMessage): Bytes {
  const { publicKey, observedAddr, protocolVersion, agentVersion, signedPeerRecord } = message;
  return ownBytes(
    Identify.encode({
      listenAddrs: [...message.listenAddrs],
      protocols: [...message.protocols],
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(observedAddr === undefined ? {} : { observedAddr }),
      ...(protocolVersion === undefined ? {} : { protocolVersion }),
      ...(agentVersion === undefined ? {} : { agentVersion }),
      ...(signedPeerRecord === undefined ? {} : { signedPeerRecord }),
    }),
  );
}

/** Throws ERR_INVALID_PROTOBUF. What comes out has bytes of its own. */
export function decodeIdentify(bytes: Uint8Array): IdentifyMessage {
  guardProtobuf(bytes, {
    what: 'identify message',
    maxBytes: MAX_PART_BYTES,
    known: { 1: 'bytes', 2: 'bytes', 3: 'text', 4: 'bytes', 5: 'text', 6: 'text', 8: 'bytes' },
  });
  // A copy first: what is kept of the message must not keep the chunk alive that it came in.
  return Identify.decode(ownBytes(bytes));
}

/** As protobuf merges: lists are joined, of single fields the later one counts. @source ID-5 */
export function mergeIdentify(first: IdentifyMessage, second: IdentifyMessage): IdentifyMessage {
  return {
    publicKey: second.publicKey ?? first.publicKey,
    listenAddrs: [...first.listenAddrs, ...second.listenAddrs],
    protocols: [...first.protocols, ...second.protocols],
    observedAddr: second.observedAddr ?? first.observedAddr,
    protocolVersion: second.protocolVersion ?? first.protocolVersion,
    agentVersion: second.agentVersion ?? first.agentVersion,
    signedPeerRecord: second.signedPeerRecord ?? first.signedPeerRecord,
  };
}

/** A message as far as it has come. */
export interface IdentifyParts {
  readonly count: number;
  readonly message: IdentifyMessage;
}
export const NO_PARTS: IdentifyParts = { count: 0, message: NO_MESSAGE };

/** With one more part; also one that adds nothing counts. Throws a `LimitError` for the eleventh, ERR_INVALID_PROTOBUF. @source ID-5; reliability checklist, I2 */
export function addPart({ count, message }: IdentifyParts, part: Uint8Array): IdentifyParts {
  if (count >= MAX_PARTS) throw new LimitError('identify', 'parts of a message', MAX_PARTS);
  return { count: count + 1, message: mergeIdentify(message, decodeIdentify(part)) };
}
